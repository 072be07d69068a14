# What is written out of the tables in agent/health, and the check that it is current.
noinst_PROGRAMS += docs/facts
docs_facts_SOURCES = docs/facts.c
docs_facts_LDADD = agent/health/libhealth.a agent/base/libbase.a
noinst_PROGRAMS += docs/rules
docs_rules_SOURCES = docs/rules.c
docs_rules_LDADD = agent/health/libhealth.a agent/base/libbase.a
dist_check_SCRIPTS += docs/current
TESTS += docs/current
EXTRA_DIST += docs/page.png docs/imp.png docs/metrics.md docs/configuration.md docs/snmp.md docs/http.md docs/prometheus.md docs/internals.md docs/lab.md docs/alerts.md docs/rules.in.yml
