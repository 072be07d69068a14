noinst_LIBRARIES += agent/base/libbase.a
agent_base_libbase_a_SOURCES = \
	agent/base/accept.c agent/base/accept.h \
	agent/base/buf.c agent/base/buf.h \
	agent/base/network.c agent/base/network.h \
	agent/base/clock.c agent/base/clock.h \
	agent/base/descriptors.c agent/base/descriptors.h \
	agent/base/err.c agent/base/err.h \
	agent/base/log.c agent/base/log.h \
	agent/base/mem.c agent/base/mem.h \
	agent/base/random.c agent/base/random.h \
	agent/base/utf8.c agent/base/utf8.h \
	agent/base/text.c agent/base/text.h \
	agent/base/xml.c agent/base/xml.h

if HAVE_CMOCKA
FOLDER_SCENE = tests/unit/folder_scene.c tests/unit/folder_scene.h
check_PROGRAMS += tests/unit/test_base tests/unit/test_network
tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_base_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_base_LDADD = agent/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_network_SOURCES = tests/unit/test_network.c
tests_unit_test_network_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_network_LDADD = agent/base/libbase.a $(CMOCKA_LIBS)
endif
