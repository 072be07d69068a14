# Pages and JSON; the only room that sees jansson.
noinst_LIBRARIES += exporters/web/libweb.a
exporters_web_libweb_a_SOURCES = \
	exporters/web/about.c exporters/web/about.h \
	exporters/web/domain.c \
	exporters/web/html.c exporters/web/html.h \
	exporters/web/imp.c \
	exporters/web/json.c \
	exporters/web/landing.c \
	exporters/web/page.c exporters/web/page.h \
	exporters/web/page_style.h \
	exporters/web/table.c exporters/web/table.h \
	exporters/web/web.h
exporters_web_libweb_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_web tests/unit/test_json
WEB_TEST_LIBS = exporters/web/libweb.a agent/health/libhealth.a agent/base/libbase.a $(JANSSON_LIBS) $(CMOCKA_LIBS)

tests_unit_test_web_SOURCES = tests/unit/test_web.c $(sample_status)
tests_unit_test_web_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_web_LDADD = $(WEB_TEST_LIBS)

tests_unit_test_json_SOURCES = tests/unit/test_json.c tests/unit/slow.h $(sample_status)
tests_unit_test_json_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_json_LDADD = $(WEB_TEST_LIBS)
endif
