# The lab and the tests on real servers, as whole folders: no list can forget a file. The unit tests stand in the room.mk
# of the room that they test.
dist_check_SCRIPTS += tests/rooms
EXTRA_DIST += tests/integration tests/lab tests/soak tests/dashboards

dist-hook:
	find $(distdir)/tests -name __pycache__ -prune -exec rm -rf {} +
