# HTTPS requests: the only room that sees libcurl; OpenSSL for trust, zlib for gzip.
noinst_LIBRARIES += agent/fetch/libfetch.a
agent_fetch_libfetch_a_SOURCES = \
	agent/fetch/fetch.c agent/fetch/fetch.h \
	agent/fetch/fetch_body.c agent/fetch/fetch_body.h \
	agent/fetch/fetch_client.c \
	agent/fetch/fetch_jar.c \
	agent/fetch/fetch_private.h \
	agent/fetch/fetch_request.c \
	agent/fetch/fetch_verdict.c \
	agent/fetch/trust.c agent/fetch/trust.h
agent_fetch_libfetch_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(OPENSSL_CFLAGS) $(ZLIB_CFLAGS)

if HAVE_CMOCKA
FETCH_SCENE = tests/unit/fetch_scene.c tests/unit/fetch_scene.h tests/unit/https_script.c \
	tests/unit/https_script.h $(RESOLVER_SCENE)
FETCH_SCENE_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CFLAGS) $(ZLIB_CFLAGS)
FETCH_SCENE_LIBS = agent/fetch/libfetch.a agent/login/liblogin.a agent/dns/libdns.a \
	agent/health/libhealth.a agent/loop/libloop.a agent/base/libbase.a \
	$(CURL_LIBS) $(CARES_LIBS) $(OPENSSL_LIBS) $(ZLIB_LIBS) $(UV_LIBS) $(CMOCKA_LIBS) -lresolv -lpthread
check_PROGRAMS += tests/unit/test_fetch tests/unit/test_fetch_kept tests/unit/test_fetch_replies \
	tests/unit/test_fetch_trust
tests_unit_test_fetch_SOURCES = tests/unit/test_fetch.c $(FETCH_SCENE)
tests_unit_test_fetch_CFLAGS = $(FETCH_SCENE_CFLAGS)
tests_unit_test_fetch_LDADD = $(FETCH_SCENE_LIBS)

tests_unit_test_fetch_kept_SOURCES = tests/unit/test_fetch_kept.c $(FETCH_SCENE)
tests_unit_test_fetch_kept_CFLAGS = $(FETCH_SCENE_CFLAGS)
tests_unit_test_fetch_kept_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=loop_timer_arm
tests_unit_test_fetch_kept_LDADD = $(FETCH_SCENE_LIBS)

tests_unit_test_fetch_replies_SOURCES = tests/unit/test_fetch_replies.c $(FETCH_SCENE)
tests_unit_test_fetch_replies_CFLAGS = $(FETCH_SCENE_CFLAGS)
tests_unit_test_fetch_replies_LDADD = $(FETCH_SCENE_LIBS)

tests_unit_test_fetch_trust_SOURCES = tests/unit/test_fetch_trust.c $(FETCH_SCENE)
tests_unit_test_fetch_trust_CFLAGS = $(FETCH_SCENE_CFLAGS)
tests_unit_test_fetch_trust_LDADD = $(FETCH_SCENE_LIBS)
endif
