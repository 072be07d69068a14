# What Prometheus, Grafana and the NOC's tools read, as whole folders.
EXTRA_DIST += dashboards/prometheus
