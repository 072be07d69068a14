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
check_PROGRAMS += tests/unit/test_schedule
tests_unit_test_schedule_SOURCES = tests/unit/test_schedule.c $(config_scene) $(FAKE_LOOP)
tests_unit_test_schedule_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_schedule_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LOOP_WRAP)
tests_unit_test_schedule_LDADD = agent/schedule/libschedule.a agent/probe/libprobe.a agent/config/libconfig.a \
	agent/health/libhealth.a agent/base/libbase.a $(YAML_LIBS) $(IDN2_LIBS) $(CMOCKA_LIBS)
endif
