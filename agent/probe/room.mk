# Rounds of checks.
noinst_LIBRARIES += agent/probe/libprobe.a
agent_probe_libprobe_a_SOURCES = \
	agent/probe/context.c agent/probe/context.h \
	agent/probe/dialback.c agent/probe/dialback.h \
	agent/probe/dialback_memory.c agent/probe/dialback_memory.h \
	agent/probe/discover.c agent/probe/discover.h \
	agent/probe/discovery.h \
	agent/probe/domain.c \
	agent/probe/endpoints.c \
	agent/probe/expect.c agent/probe/expect.h \
	agent/probe/gate.c agent/probe/gate.h \
	agent/probe/imp.c \
	agent/probe/pings.c agent/probe/pings.h \
	agent/probe/probe.h \
	agent/probe/route.c agent/probe/route.h \
	agent/probe/s2s.c agent/probe/s2s.h \
	agent/probe/srv_verdict.c \
	agent/probe/verdict.c agent/probe/verdict.h \
	agent/probe/views.c \
	agent/probe/withhold.c agent/probe/withhold.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_dialback tests/unit/test_discover tests/unit/test_round \
	tests/unit/test_round_views tests/unit/test_route tests/unit/test_tlsa tests/unit/test_views
tests_unit_test_dialback_SOURCES = tests/unit/test_dialback.c
tests_unit_test_dialback_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dialback_LDADD = agent/probe/libprobe.a agent/login/liblogin.a agent/stream/libstream.a \
	agent/health/libhealth.a agent/base/libbase.a $(OPENSSL_LIBS) $(CMOCKA_LIBS)

tests_unit_test_discover_SOURCES = tests/unit/test_discover.c tests/unit/dns_zone.c tests/unit/dns_zone.h \
	$(RESOLVER_SCENE)
tests_unit_test_discover_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_discover_LDADD = agent/probe/libprobe.a $(RESOLVER_SCENE_LIBS)

tests_unit_test_tlsa_SOURCES = tests/unit/test_tlsa.c tests/unit/dns_zone.c tests/unit/dns_zone.h $(RESOLVER_SCENE)
tests_unit_test_tlsa_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_tlsa_LDADD = agent/probe/libprobe.a $(RESOLVER_SCENE_LIBS)

tests_unit_test_views_SOURCES = tests/unit/test_views.c tests/unit/dns_zone.c tests/unit/dns_zone.h $(RESOLVER_SCENE)
tests_unit_test_views_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_views_LDADD = agent/probe/libprobe.a $(RESOLVER_SCENE_LIBS)

tests_unit_test_round_SOURCES = tests/unit/test_round.c tests/unit/no_pings.c tests/unit/dns_zone.c \
	tests/unit/dns_zone.h $(RESOLVER_SCENE)
tests_unit_test_round_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_round_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS) $(CMOCKA_LIBS)

tests_unit_test_round_views_SOURCES = tests/unit/test_round_views.c tests/unit/no_pings.c tests/unit/dns_zone.c \
	tests/unit/dns_zone.h $(RESOLVER_SCENE)
tests_unit_test_round_views_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_round_views_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS) $(CMOCKA_LIBS)

FAKE_SESSION = tests/unit/fake_session.c tests/unit/fake_session.h
check_PROGRAMS += tests/unit/test_round_ping
tests_unit_test_round_ping_SOURCES = tests/unit/test_round_ping.c tests/unit/dns_zone.c tests/unit/dns_zone.h \
	$(FAKE_SESSION) $(RESOLVER_SCENE)
tests_unit_test_round_ping_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_round_ping_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS) $(CMOCKA_LIBS)

tests_unit_test_route_SOURCES = tests/unit/test_route.c $(RESOLVER_SCENE)
tests_unit_test_route_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_route_LDADD = agent/probe/libprobe.a $(RESOLVER_SCENE_LIBS)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_dialback_memory tests/unit/test_round_dialback
tests_unit_test_dialback_memory_SOURCES = tests/unit/test_dialback_memory.c agent/probe/dialback_memory.c
tests_unit_test_dialback_memory_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dialback_memory_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)

tests_unit_test_round_dialback_SOURCES = tests/unit/test_round_dialback.c tests/unit/no_pings.c \
	agent/probe/dialback_memory.c agent/probe/domain.c
tests_unit_test_round_dialback_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_round_dialback_LDADD = agent/login/liblogin.a agent/health/libhealth.a agent/base/libbase.a \
	$(OPENSSL_LIBS) $(CMOCKA_LIBS)
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

# Everything that a round of a node calls is made up.
check_PROGRAMS += tests/unit/test_imp_probe
tests_unit_test_imp_probe_SOURCES = tests/unit/test_imp_probe.c agent/probe/imp.c \
	agent/probe/withhold.c
tests_unit_test_imp_probe_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_imp_probe_LDADD = agent/login/liblogin.a agent/health/libhealth.a agent/loop/libloop.a agent/base/libbase.a \
	$(OPENSSL_LIBS) $(UV_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_withhold
tests_unit_test_withhold_SOURCES = tests/unit/test_withhold.c
tests_unit_test_withhold_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_withhold_LDADD = agent/probe/libprobe.a agent/login/liblogin.a agent/health/libhealth.a \
	agent/base/libbase.a $(OPENSSL_LIBS) $(CMOCKA_LIBS)
endif
