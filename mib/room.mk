# FEDHEALTH-MIB, with the root that ./configure was given.
mibdir = $(datadir)/snmp/mibs
nodist_mib_DATA = mib/FEDHEALTH-MIB.txt
CLEANFILES += mib/FEDHEALTH-MIB.txt
EXTRA_DIST += mib/FEDHEALTH-MIB.txt.in mib/root.awk mib/lint
TESTS += mib/lint

mib/FEDHEALTH-MIB.txt: mib/FEDHEALTH-MIB.txt.in mib/root.awk Makefile
	$(AM_V_GEN)$(MKDIR_P) mib && $(AWK) -v oid=$(ENTERPRISE_OID) -f $(srcdir)/mib/root.awk \
		$(srcdir)/mib/FEDHEALTH-MIB.txt.in >$@.tmp && mv $@.tmp $@
