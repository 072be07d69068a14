# Probes, and the adapters that are each the only user of their library.
noinst_LIBRARIES += agent/probe/libprobe.a
agent_probe_libprobe_a_SOURCES = \
	agent/probe/axl.c agent/probe/axl.h \
	agent/probe/axl_rows.c agent/probe/axl_rows.h \
	agent/probe/axl_verdict.c agent/probe/axl_verdict.h \
	agent/probe/certificate.c agent/probe/certificate.h \
	agent/probe/channel.c agent/probe/channel.h \
	agent/probe/context.c agent/probe/context.h \
	agent/probe/control_center.c agent/probe/control_center.h \
	agent/probe/discover.c agent/probe/discover.h agent/probe/discovery.h \
	agent/probe/dns_message.c agent/probe/dns_message.h \
	agent/probe/domain.c agent/probe/probe.h \
	agent/probe/endpoints.c \
	agent/probe/expect.c agent/probe/expect.h \
	agent/probe/fetch.c agent/probe/fetch.h agent/probe/fetch_private.h \
	agent/probe/fetch_body.c agent/probe/fetch_body.h agent/probe/fetch_client.c agent/probe/fetch_jar.c \
	agent/probe/fetch_request.c agent/probe/fetch_verdict.c \
	agent/probe/gate.c agent/probe/gate.h \
	agent/probe/html.c agent/probe/html.h \
	agent/probe/html_table.c agent/probe/html_table.h \
	agent/probe/imp.c \
	agent/probe/login_file.c agent/probe/login_file.h \
	agent/probe/login_form.c agent/probe/login_form.h \
	agent/probe/login_guard.c agent/probe/login_guard.h \
	agent/probe/login_life.c agent/probe/login_life.h \
	agent/probe/login_password.c \
	agent/probe/notifications.c agent/probe/notifications.h \
	agent/probe/page_text.c agent/probe/page_text.h \
	agent/probe/page_url.c agent/probe/page_url.h \
	agent/probe/resolver.c agent/probe/resolver.h \
	agent/probe/route.c agent/probe/route.h \
	agent/probe/s2s.c agent/probe/s2s.h \
	agent/probe/secret.c agent/probe/secret.h \
	agent/probe/soap.c agent/probe/soap.h \
	agent/probe/soap_reader.c agent/probe/soap_reader.h \
	agent/probe/srv_verdict.c \
	agent/probe/tls.c agent/probe/tls.h \
	agent/probe/trust.c agent/probe/trust.h \
	agent/probe/verdict.c agent/probe/verdict.h \
	agent/probe/xmpp_stream.c agent/probe/xmpp_stream.h
agent_probe_libprobe_a_CFLAGS = $(AM_CFLAGS) $(CARES_CFLAGS) $(CURL_CFLAGS) $(OPENSSL_CFLAGS) $(EXPAT_CFLAGS) $(XML2_CFLAGS) \
	$(ZLIB_CFLAGS)

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
tests_unit_test_round_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS) $(CMOCKA_LIBS)

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

# Everything that a round of a node calls is made up.
check_PROGRAMS += tests/unit/test_imp_probe
tests_unit_test_imp_probe_SOURCES = tests/unit/test_imp_probe.c agent/probe/imp.c
tests_unit_test_imp_probe_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_imp_probe_LDADD = agent/health/libhealth.a agent/loop/libloop.a agent/base/libbase.a \
	$(UV_LIBS) $(CMOCKA_LIBS)
endif

# The Notifications page: its readers, and the form login before it.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_html tests/unit/test_notifications
tests_unit_test_html_SOURCES = tests/unit/test_html.c
tests_unit_test_html_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_html_LDADD = agent/probe/libprobe.a agent/base/libbase.a $(XML2_LIBS) $(CMOCKA_LIBS)
tests_unit_test_notifications_SOURCES = tests/unit/test_notifications.c tests/unit/page_scene.c \
	tests/unit/page_scene.h $(FAKE_LOOP)
tests_unit_test_notifications_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_notifications_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LOOP_WRAP)
tests_unit_test_notifications_LDADD = agent/probe/libprobe.a agent/health/libhealth.a agent/base/libbase.a $(XML2_LIBS) $(CMOCKA_LIBS)
endif

if HAVE_CMOCKA
FETCH_SCENE = tests/unit/fetch_scene.c tests/unit/fetch_scene.h tests/unit/https_script.c \
	tests/unit/https_script.h $(RESOLVER_SCENE)
FETCH_SCENE_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CFLAGS) $(ZLIB_CFLAGS)
FETCH_SCENE_LIBS = agent/probe/libprobe.a agent/health/libhealth.a agent/loop/libloop.a agent/base/libbase.a \
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

# What they fetch, keep and cleanse is made up.
if HAVE_CMOCKA
FAKE_FETCH = tests/unit/fake_fetch.c tests/unit/fake_fetch.h
SOAP_SCENE = tests/unit/soap_scene.c tests/unit/soap_scene.h $(FAKE_FETCH)
SOAP_SCENE_LIBS = agent/probe/libprobe.a agent/health/libhealth.a agent/base/libbase.a $(EXPAT_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_axl tests/unit/test_axl_login tests/unit/test_axl_version \
	tests/unit/test_control_center tests/unit/test_soap tests/unit/test_soap_reader
tests_unit_test_axl_SOURCES = tests/unit/test_axl.c $(SOAP_SCENE)
tests_unit_test_axl_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_axl_LDADD = $(SOAP_SCENE_LIBS)

tests_unit_test_axl_login_SOURCES = tests/unit/test_axl_login.c $(SOAP_SCENE)
tests_unit_test_axl_login_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_axl_login_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_mono_us
tests_unit_test_axl_login_LDADD = $(SOAP_SCENE_LIBS)

tests_unit_test_axl_version_SOURCES = tests/unit/test_axl_version.c $(SOAP_SCENE)
tests_unit_test_axl_version_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_axl_version_LDADD = $(SOAP_SCENE_LIBS)

tests_unit_test_control_center_SOURCES = tests/unit/test_control_center.c $(SOAP_SCENE)
tests_unit_test_control_center_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_control_center_LDADD = $(SOAP_SCENE_LIBS)

tests_unit_test_soap_SOURCES = tests/unit/test_soap.c $(SOAP_SCENE)
tests_unit_test_soap_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_soap_LDADD = $(SOAP_SCENE_LIBS)

tests_unit_test_soap_reader_SOURCES = tests/unit/test_soap_reader.c
tests_unit_test_soap_reader_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_soap_reader_LDADD = agent/probe/libprobe.a agent/base/libbase.a $(EXPAT_LIBS) $(CMOCKA_LIBS)
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
