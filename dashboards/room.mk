# What monitoring systems load, a folder for each, and what goes into /etc. As whole folders: no list can forget a file.
EXTRA_DIST += dashboards/snmp_exporter dashboards/nagios dashboards/zabbix dashboards/librenms dist/snmpd
