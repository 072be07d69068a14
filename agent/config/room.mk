# The only room that sees libyaml and libidn2.
noinst_LIBRARIES += agent/config/libconfig.a
agent_config_libconfig_a_SOURCES = \
	agent/config/config.c agent/config/config.h \
	agent/config/document.c agent/config/document.h \
	agent/config/domain_file.c agent/config/domain_file.h \
	agent/config/domain_name.c agent/config/domain_name.h \
	agent/config/domain_pattern.c agent/config/domain_pattern.h \
	agent/config/fault.c agent/config/fault.h \
	agent/config/file.c agent/config/file.h \
	agent/config/imp_node.c agent/config/imp_node.h \
	agent/config/keys.c \
	agent/config/ping_keys.c agent/config/ping_keys.h \
	agent/config/private.h \
	agent/config/schema.c agent/config/schema.h \
	agent/config/snmp_keys.c agent/config/snmp_keys.h \
	agent/config/value.c agent/config/value.h \
	agent/config/value_access.c
agent_config_libconfig_a_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS) $(IDN2_CFLAGS)
EXTRA_DIST += docs/configuration.md

if HAVE_CMOCKA
config_scene = tests/unit/config_scene.c tests/unit/config_scene.h $(FOLDER_SCENE)
config_test_libs = agent/config/libconfig.a agent/health/libhealth.a agent/base/libbase.a $(YAML_LIBS) $(IDN2_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c tests/unit/config_faults.def $(config_scene)
tests_unit_test_config_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_LDADD = $(config_test_libs)

check_PROGRAMS += tests/unit/test_config_domains
tests_unit_test_config_domains_SOURCES = tests/unit/test_config_domains.c $(config_scene)
tests_unit_test_config_domains_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_domains_LDADD = $(config_test_libs)

check_PROGRAMS += tests/unit/test_config_imp
tests_unit_test_config_imp_SOURCES = tests/unit/test_config_imp.c $(config_scene)
tests_unit_test_config_imp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_imp_LDADD = $(config_test_libs)

check_PROGRAMS += tests/unit/test_config_reference
tests_unit_test_config_reference_SOURCES = tests/unit/test_config_reference.c
tests_unit_test_config_reference_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_reference_LDADD = $(config_test_libs)

check_PROGRAMS += tests/unit/test_domain_name
tests_unit_test_domain_name_SOURCES = tests/unit/test_domain_name.c
tests_unit_test_domain_name_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_domain_name_LDADD = $(config_test_libs)
endif
