# An XMPP stream over TCP and TLS; of the libraries, OpenSSL and expat.
noinst_LIBRARIES += agent/stream/libstream.a
agent_stream_libstream_a_SOURCES = \
	agent/stream/certificate.c agent/stream/certificate.h \
	agent/stream/certificate_name.c agent/stream/certificate_name.h \
	agent/stream/chain_memory.c agent/stream/chain_memory.h \
	agent/stream/channel.c agent/stream/channel.h \
	agent/stream/dane.c agent/stream/dane.h \
	agent/stream/dialback_key.c agent/stream/dialback_key.h \
	agent/stream/staple.c agent/stream/staple.h \
	agent/stream/tls.c agent/stream/tls.h \
	agent/stream/xmpp_element.c agent/stream/xmpp_element.h \
	agent/stream/xmpp_stream.c agent/stream/xmpp_stream.h
agent_stream_libstream_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(EXPAT_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_certificate tests/unit/test_chain_memory tests/unit/test_dane \
	tests/unit/test_dialback_key tests/unit/test_staple tests/unit/test_xmpp_stream \
	tests/unit/test_xmpp_stream_stanza
CERTIFICATE_SCENE = tests/unit/certificate_scene.c tests/unit/certificate_scene.h
CERTIFICATE_LIBS = agent/stream/libstream.a agent/dns/libdns.a agent/health/libhealth.a agent/base/libbase.a \
	$(OPENSSL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_certificate_SOURCES = tests/unit/test_certificate.c tests/unit/slow.h $(CERTIFICATE_SCENE)
tests_unit_test_certificate_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_certificate_LDADD = $(CERTIFICATE_LIBS)
tests_unit_test_chain_memory_SOURCES = tests/unit/test_chain_memory.c $(CERTIFICATE_SCENE)
tests_unit_test_chain_memory_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_chain_memory_LDADD = $(CERTIFICATE_LIBS)
tests_unit_test_dane_SOURCES = tests/unit/test_dane.c $(CERTIFICATE_SCENE)
tests_unit_test_dane_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_dane_LDADD = $(CERTIFICATE_LIBS)
tests_unit_test_staple_SOURCES = tests/unit/test_staple.c $(CERTIFICATE_SCENE)
tests_unit_test_staple_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_staple_LDADD = $(CERTIFICATE_LIBS)

tests_unit_test_dialback_key_SOURCES = tests/unit/test_dialback_key.c
tests_unit_test_dialback_key_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_dialback_key_LDADD = agent/stream/libstream.a agent/health/libhealth.a agent/base/libbase.a \
	$(OPENSSL_LIBS) $(CMOCKA_LIBS)

STREAM_SCENE = tests/unit/stream_scene.c tests/unit/stream_scene.h
STREAM_SCENE_LIBS = agent/stream/libstream.a agent/base/libbase.a $(EXPAT_LIBS) $(CMOCKA_LIBS)
tests_unit_test_xmpp_stream_SOURCES = tests/unit/test_xmpp_stream.c $(STREAM_SCENE)
tests_unit_test_xmpp_stream_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_xmpp_stream_LDADD = $(STREAM_SCENE_LIBS)

tests_unit_test_xmpp_stream_stanza_SOURCES = tests/unit/test_xmpp_stream_stanza.c $(STREAM_SCENE)
tests_unit_test_xmpp_stream_stanza_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_xmpp_stream_stanza_LDADD = $(STREAM_SCENE_LIBS)
endif
