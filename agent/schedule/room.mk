noinst_LIBRARIES += agent/schedule/libschedule.a
agent_schedule_libschedule_a_SOURCES = \
	agent/schedule/plan.c agent/schedule/plan.h \
	agent/schedule/schedule.c agent/schedule/schedule.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_plan
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c
tests_unit_test_plan_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_plan_LDADD = agent/schedule/libschedule.a agent/base/libbase.a $(CMOCKA_LIBS)

# With the gate as the only part of the real probes.
schedule_scene = tests/unit/schedule_scene.c tests/unit/schedule_scene.h $(config_scene) $(FAKE_LOOP)
schedule_test_libs = agent/schedule/libschedule.a agent/probe/libprobe.a agent/config/libconfig.a \
	agent/health/libhealth.a agent/base/libbase.a $(YAML_LIBS) $(IDN2_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_schedule
tests_unit_test_schedule_SOURCES = tests/unit/test_schedule.c tests/unit/slow.h $(schedule_scene)
tests_unit_test_schedule_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_schedule_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LOOP_WRAP)
tests_unit_test_schedule_LDADD = $(schedule_test_libs)

check_PROGRAMS += tests/unit/test_schedule_imp
tests_unit_test_schedule_imp_SOURCES = tests/unit/test_schedule_imp.c $(schedule_scene)
tests_unit_test_schedule_imp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_schedule_imp_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LOOP_WRAP)
tests_unit_test_schedule_imp_LDADD = $(schedule_test_libs)
endif
