# Probes, and the adapters that are each the only user of their library.
noinst_LIBRARIES += agent/probe/libprobe.a
agent_probe_libprobe_a_SOURCES = \
	agent/probe/gate.c agent/probe/gate.h \
	agent/probe/certificate.c agent/probe/certificate.h \
	agent/probe/channel.c agent/probe/channel.h \
	agent/probe/discover.c agent/probe/discover.h agent/probe/discovery.h \
	agent/probe/dns_message.c agent/probe/dns_message.h \
	agent/probe/domain.c agent/probe/probe.h \
	agent/probe/endpoints.c \
	agent/probe/expect.c agent/probe/expect.h \
	agent/probe/login_file.c agent/probe/login_file.h \
	agent/probe/login_guard.c agent/probe/login_guard.h \
	agent/probe/login_life.c agent/probe/login_life.h \
	agent/probe/login_password.c \
	agent/probe/resolver.c agent/probe/resolver.h \
	agent/probe/route.c agent/probe/route.h \
	agent/probe/s2s.c agent/probe/s2s.h \
	agent/probe/secret.c agent/probe/secret.h \
	agent/probe/srv_verdict.c \
	agent/probe/tls.c agent/probe/tls.h \
	agent/probe/verdict.c agent/probe/verdict.h \
	agent/probe/xmpp_stream.c agent/probe/xmpp_stream.h
agent_probe_libprobe_a_CFLAGS = $(AM_CFLAGS) $(CARES_CFLAGS) $(CURL_CFLAGS) $(OPENSSL_CFLAGS) $(EXPAT_CFLAGS) $(XML2_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_certificate
tests_unit_test_certificate_SOURCES = tests/unit/test_certificate.c
tests_unit_test_certificate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_certificate_LDADD = agent/probe/libprobe.a agent/health/libhealth.a agent/base/libbase.a \
	$(OPENSSL_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_discover tests/unit/test_dns_message tests/unit/test_resolver \
	tests/unit/test_resolver_queries tests/unit/test_round tests/unit/test_route tests/unit/test_xmpp_stream
DNS_SCRIPT = tests/unit/dns_script.c tests/unit/dns_script.h
RESOLVER_SCENE = $(DNS_SCRIPT) tests/unit/resolver_scene.c tests/unit/resolver_scene.h
RESOLVER_SCENE_LIBS = agent/probe/libprobe.a agent/health/libhealth.a agent/loop/libloop.a agent/base/libbase.a \
	$(CARES_LIBS) $(UV_LIBS) $(CMOCKA_LIBS) -lresolv
tests_unit_test_dns_message_SOURCES = tests/unit/test_dns_message.c $(DNS_SCRIPT)
tests_unit_test_dns_message_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dns_message_LDADD = agent/probe/libprobe.a agent/loop/libloop.a agent/base/libbase.a \
	$(UV_LIBS) $(CMOCKA_LIBS) -lresolv

tests_unit_test_discover_SOURCES = tests/unit/test_discover.c tests/unit/dns_zone.c tests/unit/dns_zone.h \
	$(RESOLVER_SCENE)
tests_unit_test_discover_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_discover_LDADD = $(RESOLVER_SCENE_LIBS)

tests_unit_test_resolver_SOURCES = tests/unit/test_resolver.c $(RESOLVER_SCENE)
tests_unit_test_resolver_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_resolver_LDADD = $(RESOLVER_SCENE_LIBS)

tests_unit_test_resolver_queries_SOURCES = tests/unit/test_resolver_queries.c $(RESOLVER_SCENE)
tests_unit_test_resolver_queries_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_resolver_queries_LDADD = $(RESOLVER_SCENE_LIBS)

tests_unit_test_round_SOURCES = tests/unit/test_round.c tests/unit/dns_zone.c tests/unit/dns_zone.h $(RESOLVER_SCENE)
tests_unit_test_round_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_round_LDADD = agent/probe/libprobe.a agent/config/libconfig.a $(RESOLVER_SCENE_LIBS) \
	$(YAML_LIBS) $(IDN2_LIBS)

tests_unit_test_route_SOURCES = tests/unit/test_route.c $(RESOLVER_SCENE)
tests_unit_test_route_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_route_LDADD = $(RESOLVER_SCENE_LIBS)

tests_unit_test_xmpp_stream_SOURCES = tests/unit/test_xmpp_stream.c
tests_unit_test_xmpp_stream_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_xmpp_stream_LDADD = agent/probe/libprobe.a agent/base/libbase.a $(EXPAT_LIBS) $(CMOCKA_LIBS)
endif

# Its clock and its loop are made up, and its allocations are counted.
if HAVE_CMOCKA
FAKE_LOOP = tests/unit/fake_loop.c tests/unit/fake_loop.h
FAKE_LOOP_WRAP = -Wl,--wrap=clock_mono_us
GATE_SCENE = tests/unit/gate_scene.c tests/unit/gate_scene.h $(FAKE_LOOP)
GATE_SCENE_WRAP = $(FAKE_LOOP_WRAP) -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=free
GATE_SCENE_LIBS = agent/probe/libprobe.a agent/base/libbase.a $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_gate tests/unit/test_gate_load
tests_unit_test_gate_SOURCES = tests/unit/test_gate.c $(GATE_SCENE)
tests_unit_test_gate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_gate_LDFLAGS = $(AM_LDFLAGS) $(GATE_SCENE_WRAP)
tests_unit_test_gate_LDADD = $(GATE_SCENE_LIBS)

tests_unit_test_gate_load_SOURCES = tests/unit/test_gate_load.c $(GATE_SCENE)
tests_unit_test_gate_load_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_gate_load_LDFLAGS = $(AM_LDFLAGS) $(GATE_SCENE_WRAP)
tests_unit_test_gate_load_LDADD = $(GATE_SCENE_LIBS)
endif

# Keeping accounts from being locked out. The wall clock of these tests is made up.
if HAVE_CMOCKA
LOGIN_SCENE = tests/unit/login_scene.c tests/unit/login_scene.h
LOGIN_SCENE_WRAP = -Wl,--wrap=clock_wall_ms
LOGIN_SCENE_LIBS = agent/probe/libprobe.a agent/loop/libloop.a agent/base/libbase.a \
	$(OPENSSL_LIBS) $(UV_LIBS) $(CMOCKA_LIBS) -lpthread
check_PROGRAMS += tests/unit/test_login_file tests/unit/test_login_guard tests/unit/test_login_kill \
	tests/unit/test_secret
tests_unit_test_login_file_SOURCES = tests/unit/test_login_file.c tests/unit/login_faults.def $(LOGIN_SCENE)
tests_unit_test_login_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_login_file_LDFLAGS = $(AM_LDFLAGS) $(LOGIN_SCENE_WRAP)
tests_unit_test_login_file_LDADD = $(LOGIN_SCENE_LIBS)

tests_unit_test_login_guard_SOURCES = tests/unit/test_login_guard.c $(LOGIN_SCENE)
tests_unit_test_login_guard_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_login_guard_LDFLAGS = $(AM_LDFLAGS) $(LOGIN_SCENE_WRAP)
tests_unit_test_login_guard_LDADD = $(LOGIN_SCENE_LIBS)

tests_unit_test_login_kill_SOURCES = tests/unit/test_login_kill.c $(LOGIN_SCENE)
tests_unit_test_login_kill_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_login_kill_LDFLAGS = $(AM_LDFLAGS) $(LOGIN_SCENE_WRAP)
tests_unit_test_login_kill_LDADD = $(LOGIN_SCENE_LIBS)

tests_unit_test_secret_SOURCES = tests/unit/test_secret.c
tests_unit_test_secret_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_secret_LDADD = agent/probe/libprobe.a agent/base/libbase.a $(OPENSSL_LIBS) $(CMOCKA_LIBS)
endif
