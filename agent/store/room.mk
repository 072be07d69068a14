noinst_LIBRARIES += agent/store/libstore.a
agent_store_libstore_a_SOURCES = agent/store/store.c agent/store/store.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_store
tests_unit_test_store_SOURCES = tests/unit/test_store.c
tests_unit_test_store_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_LDADD = agent/store/libstore.a agent/health/libhealth.a agent/base/libbase.a $(CMOCKA_LIBS) -lpthread
endif
