# The only room that sees net-snmp.
noinst_LIBRARIES += exporters/snmp/libsnmp.a
exporters_snmp_libsnmp_a_SOURCES = \
	exporters/snmp/access.c exporters/snmp/access.h \
	exporters/snmp/agent.c exporters/snmp/snmp.h \
	exporters/snmp/cell.c exporters/snmp/cell.h \
	exporters/snmp/engine.c exporters/snmp/engine.h \
	exporters/snmp/hold.c exporters/snmp/hold.h \
	exporters/snmp/master.c exporters/snmp/master.h \
	exporters/snmp/mib.c exporters/snmp/mib.h \
	exporters/snmp/notice.c exporters/snmp/notice.h \
	exporters/snmp/session.c exporters/snmp/session.h \
	exporters/snmp/trap.c exporters/snmp/trap.h
exporters_snmp_libsnmp_a_CPPFLAGS = $(AM_CPPFLAGS) $(SNMP_ROOT)
exporters_snmp_libsnmp_a_CFLAGS = $(AM_CFLAGS) $(NETSNMP_CFLAGS)
SNMP_ROOT = -DFH_ENTERPRISE_OID='"$(ENTERPRISE_OID)"'

if HAVE_CMOCKA
EXTRA_DIST += tests/unit/net-snmp.supp
SNMP_TEST_LIBS = exporters/snmp/libsnmp.a agent/health/libhealth.a agent/base/libbase.a \
	$(NETSNMP_LIBS) -lnetsnmpmibs $(CMOCKA_LIBS) -lpthread
agentx_scene = tests/unit/agentx_script.c tests/unit/agentx_script.h tests/unit/snmp_apart.c tests/unit/snmp_apart.h
check_PROGRAMS += tests/unit/test_engine tests/unit/test_hold tests/unit/test_mib tests/unit/test_mib_nodes \
	tests/unit/test_notice tests/unit/test_snmp tests/unit/test_snmp_agent tests/unit/test_trap
tests_unit_test_engine_SOURCES = tests/unit/test_engine.c $(FOLDER_SCENE)
tests_unit_test_engine_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_engine_LDADD = $(SNMP_TEST_LIBS)
tests_unit_test_hold_SOURCES = tests/unit/test_hold.c
tests_unit_test_hold_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_hold_LDADD = $(SNMP_TEST_LIBS)
tests_unit_test_mib_SOURCES = tests/unit/test_mib.c
tests_unit_test_mib_CFLAGS = $(AM_CFLAGS) $(NETSNMP_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_mib_LDADD = $(SNMP_TEST_LIBS)
tests_unit_test_mib_nodes_SOURCES = tests/unit/test_mib_nodes.c $(sample_status)
tests_unit_test_mib_nodes_CFLAGS = $(AM_CFLAGS) $(NETSNMP_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_mib_nodes_LDADD = $(SNMP_TEST_LIBS)
tests_unit_test_notice_SOURCES = tests/unit/test_notice.c
tests_unit_test_notice_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_notice_LDADD = $(SNMP_TEST_LIBS)
tests_unit_test_snmp_SOURCES = tests/unit/test_snmp.c tests/unit/snmp_scene.c tests/unit/snmp_scene.h \
	tests/unit/snmp_apart.h
tests_unit_test_snmp_CPPFLAGS = $(AM_CPPFLAGS) $(SNMP_ROOT)
tests_unit_test_snmp_CFLAGS = $(AM_CFLAGS) $(NETSNMP_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_snmp_LDADD = $(SNMP_TEST_LIBS)
tests_unit_test_snmp_agent_SOURCES = tests/unit/test_snmp_agent.c $(agentx_scene)
tests_unit_test_snmp_agent_CPPFLAGS = $(AM_CPPFLAGS) $(SNMP_ROOT)
tests_unit_test_snmp_agent_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_snmp_agent_LDADD = $(SNMP_TEST_LIBS)
tests_unit_test_trap_SOURCES = tests/unit/test_trap.c $(agentx_scene)
tests_unit_test_trap_CPPFLAGS = $(AM_CPPFLAGS) $(SNMP_ROOT)
tests_unit_test_trap_CFLAGS = $(AM_CFLAGS) $(NETSNMP_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_trap_LDADD = $(SNMP_TEST_LIBS)
endif
