# Fuzz targets: one a reader of what comes from outside. `make check` replays their corpora; configured with
# --enable-fuzzing CC=clang they are libFuzzer programs, and `make fuzz` runs each within FUZZ_LIMIT.
FUZZERS = tests/fuzz/certificate_name tests/fuzz/chain tests/fuzz/configuration tests/fuzz/cp_id tests/fuzz/dns \
	tests/fuzz/features tests/fuzz/html tests/fuzz/probe_target tests/fuzz/sasl tests/fuzz/soap tests/fuzz/stream
FUZZERS += tests/fuzz/http_headers
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/record
FUZZ_LIMIT = -max_total_time=60

if FUZZING
noinst_PROGRAMS += $(FUZZERS)
FUZZ_MAIN =
FUZZING_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
# What is found lies in ./crash-*; new inputs that reach new code are kept in the build folder.
fuzz: $(FUZZERS)
	for each in $(FUZZERS); do \
		name=$$(basename $$each); mkdir -p corpus/$$name; \
		$$each $(FUZZ_LIMIT) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
			corpus/$$name $(srcdir)/tests/fuzz/corpus/$$name || exit 1; \
	done
else
check_PROGRAMS += $(FUZZERS)
FUZZ_MAIN = tests/fuzz/replay.c
FUZZING_LINK = $(AM_LDFLAGS)
endif

tests_fuzz_certificate_name_SOURCES = tests/fuzz/certificate_name.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_certificate_name_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_fuzz_certificate_name_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_certificate_name_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)
tests_fuzz_chain_SOURCES = tests/fuzz/chain.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_chain_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_fuzz_chain_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_chain_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)
tests_fuzz_configuration_SOURCES = tests/fuzz/configuration.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_configuration_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_configuration_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)
tests_fuzz_dns_SOURCES = tests/fuzz/dns.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_dns_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_dns_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)
tests_fuzz_features_SOURCES = tests/fuzz/features.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_features_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_features_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)
tests_fuzz_probe_target_SOURCES = tests/fuzz/probe_target.c tests/fuzz/fuzz.h agent/probe_target.c \
	agent/probe_target.h $(FUZZ_MAIN)
tests_fuzz_probe_target_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_probe_target_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)
tests_fuzz_sasl_SOURCES = tests/fuzz/sasl.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_sasl_CFLAGS = $(AM_CFLAGS) $(GSASL_CFLAGS)
tests_fuzz_sasl_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_sasl_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)
tests_fuzz_soap_SOURCES = tests/fuzz/soap.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_soap_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_soap_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)
tests_fuzz_stream_SOURCES = tests/fuzz/stream.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_stream_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_stream_LDADD = $(PROBE_LIBS) $(PROBE_EXTERNAL_LIBS)
tests_fuzz_cp_id_SOURCES = tests/fuzz/cp_id.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_cp_id_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_cp_id_LDADD = agent/health/libhealth.a agent/base/libbase.a
tests_fuzz_html_SOURCES = tests/fuzz/html.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_html_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_html_LDADD = agent/cisco/libcisco.a agent/base/libbase.a $(XML2_LIBS)
tests_fuzz_http_headers_SOURCES = tests/fuzz/http_headers.c tests/fuzz/fuzz.h $(FUZZ_MAIN)
tests_fuzz_http_headers_LDFLAGS = $(FUZZING_LINK)
tests_fuzz_http_headers_LDADD = exporters/http/libhttp.a agent/base/libbase.a
