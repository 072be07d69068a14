# The programs. main.c is the only file that sees every room.
PROBE_LIBS = agent/probe/libprobe.a agent/config/libconfig.a agent/health/libhealth.a agent/loop/libloop.a agent/base/libbase.a
PROBE_EXTERNAL_LIBS = $(CARES_LIBS) $(OPENSSL_LIBS) $(EXPAT_LIBS) $(YAML_LIBS) $(IDN2_LIBS) $(UV_LIBS) -lresolv -lm

sbin_PROGRAMS += fedhealthd
fedhealthd_SOURCES = agent/main.c agent/options.c agent/options.h
fedhealthd_LDADD = \
	exporters/http/libhttp.a exporters/prometheus/libprometheus.a exporters/web/libweb.a exporters/snmp/libsnmp.a \
	agent/schedule/libschedule.a agent/store/libstore.a $(PROBE_LIBS) \
	$(MICROHTTPD_LIBS) $(ZLIB_LIBS) $(JANSSON_LIBS) $(NETSNMP_LIBS) -lnetsnmpmibs $(PROBE_EXTERNAL_LIBS) -lpthread

bin_PROGRAMS += fedhealth
fedhealth_SOURCES = agent/cli/main.c agent/cli/cli.h agent/cli/check.c agent/cli/explain.c agent/cli/report.c agent/cli/wrap.c
fedhealth_LDADD = exporters/web/libweb.a agent/store/libstore.a $(PROBE_LIBS) $(JANSSON_LIBS) $(PROBE_EXTERNAL_LIBS)
