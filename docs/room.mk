# What is written out of the tables in agent/health, and the check that it is current.
noinst_PROGRAMS += docs/facts
docs_facts_SOURCES = docs/facts.c
docs_facts_LDADD = agent/health/libhealth.a agent/base/libbase.a
dist_check_SCRIPTS += docs/current
TESTS += docs/current
EXTRA_DIST += docs/page.png docs/imp.png docs/metrics.md docs/configuration.md docs/snmp.md docs/http.md docs/internals.md docs/lab.md
EXTRA_DIST += docs/grafana.md docs/grafana-agent.png docs/grafana-domain.png docs/grafana-imp.png docs/grafana-overview.png
