# Probes, and the adapters that are each the only user of their library.
noinst_LIBRARIES += agent/probe/libprobe.a
agent_probe_libprobe_a_SOURCES = \
	agent/probe/certificate.c agent/probe/certificate.h \
	agent/probe/channel.c agent/probe/channel.h \
	agent/probe/discover.c agent/probe/discover.h \
	agent/probe/dns_message.c agent/probe/dns_message.h \
	agent/probe/domain.c agent/probe/probe.h \
	agent/probe/expect.c agent/probe/expect.h \
	agent/probe/resolver.c agent/probe/resolver.h \
	agent/probe/s2s.c agent/probe/s2s.h \
	agent/probe/tls.c agent/probe/tls.h \
	agent/probe/xmpp_stream.c agent/probe/xmpp_stream.h
agent_probe_libprobe_a_CFLAGS = $(AM_CFLAGS) $(CARES_CFLAGS) $(OPENSSL_CFLAGS) $(EXPAT_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_certificate
tests_unit_test_certificate_SOURCES = tests/unit/test_certificate.c
tests_unit_test_certificate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_certificate_LDADD = agent/probe/libprobe.a agent/health/libhealth.a agent/base/libbase.a \
	$(OPENSSL_LIBS) $(CMOCKA_LIBS)
endif

# The programs that tests/bench/run measures: make bench-programs.
BENCHES = tests/bench/handshakes tests/bench/probe_rounds
EXTRA_PROGRAMS += $(BENCHES)
CLEANFILES += $(BENCHES)
EXTRA_DIST += tests/bench/run
.PHONY: bench-programs
bench-programs: $(BENCHES)
tests_bench_handshakes_SOURCES = tests/bench/handshakes.c
tests_bench_handshakes_LDADD = $(PROBE_LIBS) $(OPENSSL_LIBS)
tests_bench_probe_rounds_SOURCES = tests/bench/probe_rounds.c
tests_bench_probe_rounds_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_discover tests/unit/test_dns_message tests/unit/test_resolver \
	tests/unit/test_resolver_queries tests/unit/test_xmpp_stream
DNS_SCRIPT = tests/unit/dns_script.c tests/unit/dns_script.h
RESOLVER_SCENE = $(DNS_SCRIPT) tests/unit/resolver_scene.c tests/unit/resolver_scene.h
RESOLVER_SCENE_LIBS = agent/probe/libprobe.a agent/health/libhealth.a agent/loop/libloop.a agent/base/libbase.a \
	$(CARES_LIBS) $(UV_LIBS) $(CMOCKA_LIBS) -lresolv
tests_unit_test_dns_message_SOURCES = tests/unit/test_dns_message.c $(DNS_SCRIPT)
tests_unit_test_dns_message_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dns_message_LDADD = agent/probe/libprobe.a agent/loop/libloop.a agent/base/libbase.a \
	$(UV_LIBS) $(CMOCKA_LIBS) -lresolv

tests_unit_test_discover_SOURCES = tests/unit/test_discover.c $(RESOLVER_SCENE)
tests_unit_test_discover_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_discover_LDADD = $(RESOLVER_SCENE_LIBS)

tests_unit_test_resolver_SOURCES = tests/unit/test_resolver.c $(RESOLVER_SCENE)
tests_unit_test_resolver_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_resolver_LDADD = $(RESOLVER_SCENE_LIBS)

tests_unit_test_resolver_queries_SOURCES = tests/unit/test_resolver_queries.c $(RESOLVER_SCENE)
tests_unit_test_resolver_queries_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_resolver_queries_LDADD = $(RESOLVER_SCENE_LIBS)

tests_unit_test_xmpp_stream_SOURCES = tests/unit/test_xmpp_stream.c
tests_unit_test_xmpp_stream_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_xmpp_stream_LDADD = agent/probe/libprobe.a agent/base/libbase.a $(EXPAT_LIBS) $(CMOCKA_LIBS)
endif
