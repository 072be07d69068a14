# Services of Cisco IM and Presence nodes: AXL, Control Center, the Notifications page; expat and libxml2.
noinst_LIBRARIES += agent/cisco/libcisco.a
agent_cisco_libcisco_a_SOURCES = \
	agent/cisco/axl.c agent/cisco/axl.h \
	agent/cisco/axl_rows.c agent/cisco/axl_rows.h \
	agent/cisco/axl_verdict.c agent/cisco/axl_verdict.h \
	agent/cisco/control_center.c agent/cisco/control_center.h \
	agent/cisco/html.c agent/cisco/html.h \
	agent/cisco/html_table.c agent/cisco/html_table.h \
	agent/cisco/login_form.c agent/cisco/login_form.h \
	agent/cisco/notifications.c agent/cisco/notifications.h \
	agent/cisco/page_text.c agent/cisco/page_text.h \
	agent/cisco/page_url.c agent/cisco/page_url.h \
	agent/cisco/soap.c agent/cisco/soap.h \
	agent/cisco/soap_reader.c agent/cisco/soap_reader.h
agent_cisco_libcisco_a_CFLAGS = $(AM_CFLAGS) $(EXPAT_CFLAGS) $(XML2_CFLAGS)

# What they fetch, keep and cleanse is made up.
if HAVE_CMOCKA
FAKE_FETCH = tests/unit/fake_fetch.c tests/unit/fake_fetch.h
SOAP_SCENE = tests/unit/soap_scene.c tests/unit/soap_scene.h $(FAKE_FETCH)
SOAP_SCENE_LIBS = agent/cisco/libcisco.a agent/health/libhealth.a agent/base/libbase.a $(EXPAT_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_axl tests/unit/test_axl_login tests/unit/test_axl_version \
	tests/unit/test_control_center tests/unit/test_soap tests/unit/test_soap_reader
tests_unit_test_axl_SOURCES = tests/unit/test_axl.c $(SOAP_SCENE)
tests_unit_test_axl_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_axl_LDADD = $(SOAP_SCENE_LIBS)

tests_unit_test_axl_login_SOURCES = tests/unit/test_axl_login.c $(SOAP_SCENE)
tests_unit_test_axl_login_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_axl_login_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_mono_us
tests_unit_test_axl_login_LDADD = $(SOAP_SCENE_LIBS)

tests_unit_test_axl_version_SOURCES = tests/unit/test_axl_version.c $(SOAP_SCENE)
tests_unit_test_axl_version_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_axl_version_LDADD = $(SOAP_SCENE_LIBS)

tests_unit_test_control_center_SOURCES = tests/unit/test_control_center.c $(SOAP_SCENE)
tests_unit_test_control_center_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_control_center_LDADD = $(SOAP_SCENE_LIBS)

tests_unit_test_soap_SOURCES = tests/unit/test_soap.c $(SOAP_SCENE)
tests_unit_test_soap_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_soap_LDADD = $(SOAP_SCENE_LIBS)

tests_unit_test_soap_reader_SOURCES = tests/unit/test_soap_reader.c
tests_unit_test_soap_reader_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_soap_reader_LDADD = agent/cisco/libcisco.a agent/base/libbase.a $(EXPAT_LIBS) $(CMOCKA_LIBS)

# The Notifications page: its readers, and the form login before it.
check_PROGRAMS += tests/unit/test_html tests/unit/test_notifications
tests_unit_test_html_SOURCES = tests/unit/test_html.c tests/unit/slow.h
tests_unit_test_html_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_html_LDADD = agent/cisco/libcisco.a agent/base/libbase.a $(XML2_LIBS) $(CMOCKA_LIBS)
tests_unit_test_notifications_SOURCES = tests/unit/test_notifications.c tests/unit/page_scene.c \
	tests/unit/page_scene.h $(FAKE_LOOP)
tests_unit_test_notifications_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_notifications_LDFLAGS = $(AM_LDFLAGS) $(FAKE_LOOP_WRAP)
tests_unit_test_notifications_LDADD = agent/cisco/libcisco.a agent/health/libhealth.a agent/base/libbase.a \
	$(XML2_LIBS) $(CMOCKA_LIBS)
endif
