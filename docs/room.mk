# What is written out of the tables in agent/health, and the check that it is current.
noinst_PROGRAMS += docs/facts
docs_facts_SOURCES = docs/facts.c
docs_facts_LDADD = agent/health/libhealth.a agent/base/libbase.a
noinst_PROGRAMS += docs/rules
docs_rules_SOURCES = docs/rules.c
docs_rules_LDADD = agent/health/libhealth.a agent/base/libbase.a
dist_check_SCRIPTS += docs/current
TESTS += docs/current
EXTRA_DIST += docs/alerts.md docs/configuration.md docs/dialback.md docs/grafana-agent.png docs/grafana-domain.png \
	docs/grafana-imp.png docs/grafana-overview.png docs/grafana.md docs/http.md docs/imp.png docs/internals.md \
	docs/lab.md docs/metrics.md docs/noc.md docs/page.png docs/ping.md docs/prometheus.md docs/rules.in.yml \
	docs/sharding.md docs/snmp.md docs/troubleshooting.md docs/verdicts.md
