"""What the agent sends is valid by Cisco's own schema, of whatever version, and no more than it needs."""

import collections
import os
import xml.etree.ElementTree as ET

import pytest

from agent import run
from imp_versions import VERSIONS
from lab.imp import SCHEMA

BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"
NAMESPACE = "http://www.cisco.com/AXL/API/"


@pytest.fixture(scope="module", name="requests")
def _requests(agent, lab, versions_agent, versions):
    """All requests for AXL of an agent on the lab and one on four versions, each with its payload."""
    del agent, versions_agent
    requests = [each for each in lab.imp.server.requests() + versions.server.requests() if each["method"] == "POST"]
    for each in requests:
        (each["payload"],) = list(ET.parse(each["file"]).getroot().find(BODY))
        each["version"] = each["payload"].tag.removeprefix("{" + NAMESPACE).split("}")[0]
    return requests


@pytest.mark.parametrize("version", VERSIONS)
def test_valid_by_schema(requests, version, tmp_path):
    """AXLSoap.xsd of the version judges the payload of each request."""
    files = []
    for number, each in enumerate(each for each in requests if each["version"] == version):
        files.append(str(tmp_path / f"{number}.xml"))
        ET.ElementTree(each["payload"]).write(files[-1], encoding="utf-8", xml_declaration=True)
    assert files
    done = run("xmllint", "--noout", "--schema", os.path.join(SCHEMA, version, "AXLSoap.xsd"), *files)
    faults = [line for line in done.stderr.splitlines() if not line.endswith(" validates")]
    assert (done.returncode, faults) == (0, [])


def test_headers(requests):
    """The version in SOAPAction is that of the namespace, and there is no charset but UTF-8."""
    for each in requests:
        operation = each["payload"].tag.split("}")[1]
        assert each["soap_action"] == f'"CUCM:DB ver={each["version"]} {operation}"'
        assert each["content_type"].replace(" ", "").lower() in ("text/xml", "text/xml;charset=utf-8")


def test_only_reading(requests):
    """Nothing but queries and the version is ever asked for."""
    operations = collections.Counter(each["payload"].tag.split("}")[1] for each in requests)
    assert set(operations) == {"executeSQLQuery", "getCCMVersion"}
    queries = {each["payload"].findtext("sql") for each in requests if "executeSQLQuery" in each["payload"].tag}
    assert queries == {"select * from xmpps2snode", "select * from xmpps2snodes"}


def test_session_is_reused(requests, lab):
    """Who has logged in once goes on with the session: one login a node for AXL, whatever the number of requests."""
    del requests
    healthy = "healthy.imp.lab.test"
    logins = lab.imp.server.logins(node=healthy, service="axl")
    requests = [each for each in lab.imp.server.requests() if each["node"] == healthy]
    assert all(each["accepted"] for each in logins) and len(logins) < len(requests)
    assert any(each["session"] for each in requests)
