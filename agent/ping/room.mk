# A client's session, through which domains are pinged; the only room that sees libgsasl.
noinst_LIBRARIES += agent/ping/libping.a
agent_ping_libping_a_SOURCES = \
	agent/ping/client.c agent/ping/client.h \
	agent/ping/client_login.c \
	agent/ping/client_private.h \
	agent/ping/places.c agent/ping/places.h \
	agent/ping/preparation.c agent/ping/preparation.h \
	agent/ping/sasl.c agent/ping/sasl.h \
	agent/ping/session.c agent/ping/session.h
agent_ping_libping_a_CFLAGS = $(AM_CFLAGS) $(GSASL_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_sasl
tests_unit_test_sasl_SOURCES = tests/unit/test_sasl.c
tests_unit_test_sasl_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(GSASL_CFLAGS)
tests_unit_test_sasl_LDADD = agent/ping/libping.a agent/login/liblogin.a agent/base/libbase.a \
	$(GSASL_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS)
endif
