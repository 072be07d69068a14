# What Prometheus, Grafana and the NOC's tools read, as whole folders: no list can forget a file.
EXTRA_DIST += dashboards/prometheus dashboards/snmp_exporter dashboards/nagios dashboards/zabbix dashboards/librenms
EXTRA_DIST += dist/snmpd
EXTRA_DIST += dashboards/grafana dashboards/mixin.libsonnet
