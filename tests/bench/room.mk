# Speed and memory: tests/bench/run makes these programs and measures them.
BENCHES = tests/bench/exposition tests/bench/handshakes tests/bench/probe_rounds tests/bench/walked
EXTRA_PROGRAMS += $(BENCHES)
CLEANFILES += $(BENCHES)
EXTRA_DIST += tests/bench/agentx.py tests/bench/common.py tests/bench/cost.py tests/bench/crowd.py \
	tests/bench/exposition.go tests/bench/exposition.py tests/bench/hang.py tests/bench/hanging_peer.py \
	tests/bench/reload.py tests/bench/run tests/bench/schedule.py tests/bench/walk.py
bench-programs: $(BENCHES)

tests_bench_exposition_SOURCES = tests/bench/exposition.c tests/bench/made_up.c tests/bench/made_up.h
tests_bench_exposition_LDADD = exporters/http/libhttp.a exporters/prometheus/libprometheus.a \
	agent/health/libhealth.a agent/base/libbase.a $(MICROHTTPD_LIBS) $(ZLIB_LIBS) -lpthread
tests_bench_handshakes_SOURCES = tests/bench/handshakes.c
tests_bench_handshakes_LDADD = $(PROBE_LIBS) $(OPENSSL_LIBS)
tests_bench_probe_rounds_SOURCES = tests/bench/probe_rounds.c
tests_bench_probe_rounds_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)
tests_bench_walked_SOURCES = tests/bench/walked.c tests/bench/made_up.c tests/bench/made_up.h
tests_bench_walked_LDADD = exporters/snmp/libsnmp.a agent/health/libhealth.a agent/base/libbase.a $(NETSNMP_LIBS) \
	-lnetsnmpmibs -lpthread
