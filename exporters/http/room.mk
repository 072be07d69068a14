# The only room that sees libmicrohttpd; zlib for gzip.
noinst_LIBRARIES += exporters/http/libhttp.a
exporters_http_libhttp_a_SOURCES = \
	exporters/http/body.c exporters/http/body.h \
	exporters/http/condition.c exporters/http/condition.h \
	exporters/http/deferred.c exporters/http/deferred.h \
	exporters/http/http.h \
	exporters/http/listen.c exporters/http/listen.h \
	exporters/http/server.c
exporters_http_libhttp_a_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS) $(ZLIB_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_http tests/unit/test_http_routes
HTTP_TEST_LIBS = exporters/http/libhttp.a agent/base/libbase.a $(MICROHTTPD_LIBS) $(ZLIB_LIBS) $(CMOCKA_LIBS) -lpthread

tests_unit_test_http_SOURCES = tests/unit/test_http.c tests/unit/http_client.c tests/unit/http_client.h
tests_unit_test_http_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(ZLIB_CFLAGS)
tests_unit_test_http_LDADD = $(HTTP_TEST_LIBS)

tests_unit_test_http_routes_SOURCES = tests/unit/test_http_routes.c tests/unit/http_client.c tests/unit/http_client.h
tests_unit_test_http_routes_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(ZLIB_CFLAGS)
tests_unit_test_http_routes_LDADD = $(HTTP_TEST_LIBS)
endif
