# The domain model: no I/O, no library.
noinst_LIBRARIES += agent/health/libhealth.a
agent_health_libhealth_a_SOURCES = \
	agent/health/check.c agent/health/check.h \
	agent/health/combine.c agent/health/combine.h \
	agent/health/cp_id.c agent/health/cp_id.h \
	agent/health/dialback.c agent/health/dialback.h \
	agent/health/expiry.c agent/health/expiry.h \
	agent/health/fact.c agent/health/fact.h agent/health/facts.def \
	agent/health/fact_row.c \
	agent/health/history.c agent/health/history.h \
	agent/health/imp.c agent/health/imp.h \
	agent/health/imp_cause.c agent/health/imp_cause.h \
	agent/health/imp_judge.c agent/health/imp_judge.h \
	agent/health/imp_memory.c agent/health/imp_memory.h \
	agent/health/imp_restart.c agent/health/imp_restart.h \
	agent/health/notification.c agent/health/notification.h \
	agent/health/ping.c agent/health/ping.h \
	agent/health/reason.c agent/health/reason.h agent/health/reasons.def \
	agent/health/reasons_axl.def agent/health/reasons_certificate.def \
	agent/health/reasons_dialback.def agent/health/reasons_imp.def agent/health/reasons_ping.def \
	agent/health/reasons_srv.def \
	agent/health/reasons_starttls.def agent/health/reasons_stream.def \
	agent/health/reasons_tls_alert.def \
	agent/health/result.c agent/health/result.h \
	agent/health/severity.c agent/health/severity.h \
	agent/health/state.c agent/health/state.h \
	agent/health/status.h \
	agent/health/subject.c agent/health/subject.h

# `fedhealth explain --markdown` writes it; the test says when it is not current.
EXTRA_DIST += docs/reasons.md

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_combine tests/unit/test_cp_id tests/unit/test_imp tests/unit/test_imp_cause \
	tests/unit/test_imp_judge tests/unit/test_imp_restart tests/unit/test_notification tests/unit/test_reason \
	tests/unit/test_severity
tests_unit_test_notification_SOURCES = tests/unit/test_notification.c tests/unit/imp_scene.c tests/unit/imp_scene.h
tests_unit_test_notification_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_notification_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_combine_SOURCES = tests/unit/test_combine.c
tests_unit_test_combine_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_combine_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_cp_id_SOURCES = tests/unit/test_cp_id.c
tests_unit_test_cp_id_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cp_id_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_imp_SOURCES = tests/unit/test_imp.c
tests_unit_test_imp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_imp_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_imp_cause_SOURCES = tests/unit/test_imp_cause.c tests/unit/imp_scene.c tests/unit/imp_scene.h
tests_unit_test_imp_cause_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_imp_cause_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_imp_judge_SOURCES = tests/unit/test_imp_judge.c tests/unit/imp_scene.c tests/unit/imp_scene.h
tests_unit_test_imp_judge_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_imp_judge_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_imp_restart_SOURCES = tests/unit/test_imp_restart.c tests/unit/imp_scene.c tests/unit/imp_scene.h
tests_unit_test_imp_restart_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_imp_restart_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_ping
tests_unit_test_ping_SOURCES = tests/unit/test_ping.c
tests_unit_test_ping_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ping_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_reason_SOURCES = tests/unit/test_reason.c agent/cli/explain.c agent/cli/wrap.c
tests_unit_test_reason_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_reason_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_severity_SOURCES = tests/unit/test_severity.c
tests_unit_test_severity_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_severity_LDADD = agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS)
endif
