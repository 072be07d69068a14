# What Grafana is given, and the mixin: as a whole folder, so that no list can forget a file.
EXTRA_DIST += dashboards/grafana dashboards/mixin.libsonnet
