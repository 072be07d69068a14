# Beside exporters/web the only room that sees jansson, beside exporters/http the only one that sees zlib.
noinst_LIBRARIES += agent/store/libstore.a
agent_store_libstore_a_SOURCES = \
	agent/store/folder.c agent/store/folder.h \
	agent/store/keeper.c agent/store/keeper.h \
	agent/store/record.c agent/store/record.h \
	agent/store/registry.c agent/store/registry.h \
	agent/store/roll.c agent/store/roll.h \
	agent/store/roster.c agent/store/roster.h \
	agent/store/state_file.c agent/store/state_file.h \
	agent/store/state_json.c agent/store/state_json.h \
	agent/store/state_line.c agent/store/state_line.h \
	agent/store/state_memory.c agent/store/state_memory.h \
	agent/store/store.c agent/store/store.h \
	agent/store/tracker.c agent/store/tracker.h
agent_store_libstore_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(ZLIB_CFLAGS)

if HAVE_CMOCKA
store_scene = tests/unit/store_scene.c tests/unit/store_scene.h $(FOLDER_SCENE)
store_test_libs = agent/store/libstore.a agent/health/libhealth.a agent/base/libbase.a \
	$(JANSSON_LIBS) $(ZLIB_LIBS) $(CMOCKA_LIBS) -lpthread

check_PROGRAMS += tests/unit/test_store
tests_unit_test_store_SOURCES = tests/unit/test_store.c $(store_scene)
tests_unit_test_store_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_LDADD = $(store_test_libs)

check_PROGRAMS += tests/unit/test_state
tests_unit_test_state_SOURCES = tests/unit/test_state.c $(store_scene)
tests_unit_test_state_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_state_LDADD = $(store_test_libs)

check_PROGRAMS += tests/unit/test_state_file
tests_unit_test_state_file_SOURCES = tests/unit/test_state_file.c tests/unit/slow.h tests/unit/state_faults.def $(store_scene)
tests_unit_test_state_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(ZLIB_CFLAGS)
tests_unit_test_state_file_LDADD = $(store_test_libs)

check_PROGRAMS += tests/unit/test_state_kill
tests_unit_test_state_kill_SOURCES = tests/unit/test_state_kill.c $(store_scene)
tests_unit_test_state_kill_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_state_kill_LDADD = $(store_test_libs)

check_PROGRAMS += tests/unit/test_store_imp
tests_unit_test_store_imp_SOURCES = tests/unit/test_store_imp.c $(store_scene)
tests_unit_test_store_imp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_imp_LDADD = $(store_test_libs)

check_PROGRAMS += tests/unit/test_state_imp
tests_unit_test_state_imp_SOURCES = tests/unit/test_state_imp.c $(store_scene)
tests_unit_test_state_imp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_state_imp_LDADD = $(store_test_libs)
endif
