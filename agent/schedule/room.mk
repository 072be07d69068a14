noinst_LIBRARIES += agent/schedule/libschedule.a
agent_schedule_libschedule_a_SOURCES = \
	agent/schedule/plan.c agent/schedule/plan.h \
	agent/schedule/schedule.c agent/schedule/schedule.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_plan
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c
tests_unit_test_plan_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_plan_LDADD = agent/schedule/libschedule.a agent/base/libbase.a $(CMOCKA_LIBS)
endif
