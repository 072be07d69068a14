noinst_LIBRARIES += exporters/prometheus/libprometheus.a
exporters_prometheus_libprometheus_a_SOURCES = \
	exporters/prometheus/discovery.c \
	exporters/prometheus/encoder.c \
	exporters/prometheus/negotiate.c \
	exporters/prometheus/process.c exporters/prometheus/process.h \
	exporters/prometheus/prometheus.h \
	exporters/prometheus/writer.c exporters/prometheus/writer.h

if HAVE_CMOCKA
# For the tests of all exporters.
sample_status = tests/unit/sample_status.c tests/unit/sample_status.h tests/unit/sample_nodes.c

check_PROGRAMS += tests/unit/test_prometheus
tests_unit_test_prometheus_SOURCES = tests/unit/test_prometheus.c $(sample_status)
tests_unit_test_prometheus_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_prometheus_LDADD = exporters/prometheus/libprometheus.a agent/health/libhealth.a agent/base/libbase.a \
	$(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_prometheus_probe
tests_unit_test_prometheus_probe_SOURCES = tests/unit/test_prometheus_probe.c $(sample_status)
tests_unit_test_prometheus_probe_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_prometheus_probe_LDADD = exporters/prometheus/libprometheus.a agent/health/libhealth.a \
	agent/base/libbase.a $(CMOCKA_LIBS)
endif
