# Logins, kept from locking accounts out, and secrets; OpenSSL for hashes.
noinst_LIBRARIES += agent/login/liblogin.a
agent_login_liblogin_a_SOURCES = \
	agent/login/login_file.c agent/login/login_file.h \
	agent/login/login_guard.c agent/login/login_guard.h \
	agent/login/login_life.c agent/login/login_life.h \
	agent/login/login_password.c \
	agent/login/secret.c agent/login/secret.h \
	agent/login/withhold.c agent/login/withhold.h
agent_login_liblogin_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)

# Their wall clock is made up.
if HAVE_CMOCKA
LOGIN_SCENE = tests/unit/login_scene.c tests/unit/login_scene.h $(FOLDER_SCENE)
LOGIN_SCENE_WRAP = -Wl,--wrap=clock_wall_ms
LOGIN_SCENE_LIBS = agent/login/liblogin.a agent/loop/libloop.a agent/base/libbase.a \
	$(OPENSSL_LIBS) $(UV_LIBS) $(CMOCKA_LIBS) -lpthread
check_PROGRAMS += tests/unit/test_login_file tests/unit/test_login_guard tests/unit/test_login_kill \
	tests/unit/test_secret
tests_unit_test_login_file_SOURCES = tests/unit/test_login_file.c tests/unit/login_faults.def $(LOGIN_SCENE)
tests_unit_test_login_file_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_login_file_LDFLAGS = $(AM_LDFLAGS) $(LOGIN_SCENE_WRAP)
tests_unit_test_login_file_LDADD = $(LOGIN_SCENE_LIBS)

tests_unit_test_login_guard_SOURCES = tests/unit/test_login_guard.c $(LOGIN_SCENE)
tests_unit_test_login_guard_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_login_guard_LDFLAGS = $(AM_LDFLAGS) $(LOGIN_SCENE_WRAP)
tests_unit_test_login_guard_LDADD = $(LOGIN_SCENE_LIBS)

tests_unit_test_login_kill_SOURCES = tests/unit/test_login_kill.c $(LOGIN_SCENE)
tests_unit_test_login_kill_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_login_kill_LDFLAGS = $(AM_LDFLAGS) $(LOGIN_SCENE_WRAP)
tests_unit_test_login_kill_LDADD = $(LOGIN_SCENE_LIBS)

tests_unit_test_secret_SOURCES = tests/unit/test_secret.c
tests_unit_test_secret_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_secret_LDADD = agent/login/liblogin.a agent/base/libbase.a $(OPENSSL_LIBS) $(CMOCKA_LIBS)
endif
