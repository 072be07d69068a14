# The programs. The daemon's own files are the only ones that see every room.
PROBE_LIBS = agent/probe/libprobe.a agent/ping/libping.a agent/stream/libstream.a agent/cisco/libcisco.a agent/fetch/libfetch.a \
	agent/login/liblogin.a agent/dns/libdns.a agent/config/libconfig.a agent/health/libhealth.a agent/loop/libloop.a \
	agent/base/libbase.a
PROBE_EXTERNAL_LIBS = $(CARES_LIBS) $(CURL_LIBS) $(OPENSSL_LIBS) $(EXPAT_LIBS) $(XML2_LIBS) $(GSASL_LIBS) $(YAML_LIBS) \
	$(IDN2_LIBS) $(UV_LIBS) $(ZLIB_LIBS) -lresolv -lm

sbin_PROGRAMS += fedhealthd
fedhealthd_SOURCES = agent/main.c agent/agent.h agent/exports.c agent/notify.c agent/options.c \
	agent/options.h agent/probe_request.c agent/probe_request.h agent/probe_target.c agent/probe_target.h \
	agent/reload.c agent/snmp_users.c agent/snmp_users.h \
	agent/cli/cli.h agent/cli/report.c agent/cli/wrap.c
fedhealthd_LDADD = \
	exporters/http/libhttp.a exporters/prometheus/libprometheus.a exporters/web/libweb.a exporters/snmp/libsnmp.a \
	agent/schedule/libschedule.a agent/store/libstore.a $(PROBE_LIBS) \
	$(MICROHTTPD_LIBS) $(ZLIB_LIBS) $(JANSSON_LIBS) $(NETSNMP_LIBS) -lnetsnmpmibs $(PROBE_EXTERNAL_LIBS) -lpthread

bin_PROGRAMS += fedhealth
fedhealth_SOURCES = agent/cli/main.c agent/cli/cli.h agent/cli/check.c agent/cli/dialback_key.c agent/cli/explain.c \
	agent/cli/report.c agent/cli/wrap.c
fedhealth_LDADD = exporters/web/libweb.a agent/store/libstore.a $(PROBE_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS) \
	$(PROBE_EXTERNAL_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_report
tests_unit_test_report_SOURCES = tests/unit/test_report.c $(sample_status) \
	agent/cli/cli.h agent/cli/report.c agent/cli/wrap.c
tests_unit_test_report_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_report_LDADD = exporters/web/libweb.a agent/health/libhealth.a agent/base/libbase.a \
	$(JANSSON_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_probe_target
tests_unit_test_probe_target_SOURCES = tests/unit/test_probe_target.c agent/probe_target.c agent/probe_target.h \
	$(config_scene)
tests_unit_test_probe_target_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_probe_target_LDADD = $(config_test_libs)
endif
