# The only room that sees libuv.
noinst_LIBRARIES += agent/loop/libloop.a
agent_loop_libloop_a_SOURCES = agent/loop/loop.c agent/loop/loop.h
agent_loop_libloop_a_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_loop
tests_unit_test_loop_SOURCES = tests/unit/test_loop.c
tests_unit_test_loop_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_loop_LDADD = agent/loop/libloop.a agent/base/libbase.a $(UV_LIBS) $(CMOCKA_LIBS)
endif
