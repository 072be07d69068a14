# Pages and JSON; the only room that sees jansson.
noinst_LIBRARIES += exporters/web/libweb.a
exporters_web_libweb_a_SOURCES = \
	exporters/web/html.c exporters/web/html.h \
	exporters/web/json.c \
	exporters/web/landing.c \
	exporters/web/page_style.h \
	exporters/web/web.h
exporters_web_libweb_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_web
tests_unit_test_web_SOURCES = tests/unit/test_web.c tests/unit/sample_status.c tests/unit/sample_status.h
tests_unit_test_web_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_web_LDADD = exporters/web/libweb.a agent/health/libhealth.a agent/base/libbase.a \
	$(JANSSON_LIBS) $(CMOCKA_LIBS)
endif
