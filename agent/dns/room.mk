# Name resolution: the only room that sees c-ares.
noinst_LIBRARIES += agent/dns/libdns.a
agent_dns_libdns_a_SOURCES = \
	agent/dns/dns_message.c agent/dns/dns_message.h \
	agent/dns/resolver.c agent/dns/resolver.h \
	agent/dns/tlsa.c agent/dns/tlsa.h
agent_dns_libdns_a_CFLAGS = $(AM_CFLAGS) $(CARES_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_dns_message tests/unit/test_resolver tests/unit/test_resolver_queries
DNS_SCRIPT = tests/unit/dns_script.c tests/unit/dns_script.h
RESOLVER_SCENE = $(DNS_SCRIPT) tests/unit/resolver_scene.c tests/unit/resolver_scene.h
RESOLVER_SCENE_LIBS = agent/dns/libdns.a agent/health/libhealth.a agent/loop/libloop.a agent/base/libbase.a \
	$(CARES_LIBS) $(UV_LIBS) $(CMOCKA_LIBS) -lresolv
tests_unit_test_dns_message_SOURCES = tests/unit/test_dns_message.c $(DNS_SCRIPT)
tests_unit_test_dns_message_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dns_message_LDADD = agent/dns/libdns.a agent/loop/libloop.a agent/base/libbase.a \
	$(UV_LIBS) $(CMOCKA_LIBS) -lresolv

tests_unit_test_resolver_SOURCES = tests/unit/test_resolver.c $(RESOLVER_SCENE)
tests_unit_test_resolver_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_resolver_LDADD = $(RESOLVER_SCENE_LIBS)

tests_unit_test_resolver_queries_SOURCES = tests/unit/test_resolver_queries.c $(RESOLVER_SCENE)
tests_unit_test_resolver_queries_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_resolver_queries_LDADD = $(RESOLVER_SCENE_LIBS)
endif
