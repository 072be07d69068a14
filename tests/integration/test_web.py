"""What people and programs read over HTTP: the pages and the JSON, against the lab."""

import gzip
import json
from html.parser import HTMLParser

import pytest

from lab import CASES

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case["domain"])
VOID = {"meta", "link", "br", "img"}
OPTIONAL_END = {"th", "td", "tr", "p", "li"}


class Page(HTMLParser):
    """Tags must nest; what would fetch or run something must not be there."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        assert tag not in ("script", "iframe", "img", "object"), tag
        assert "src" not in attrs and not any(name.startswith("on") for name in attrs)
        if tag == "a":
            self.links.append(attrs["href"])
        if tag == "link":
            assert attrs["href"].startswith("data:")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL_END:
            self.open.pop()
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text += data


def get_page(agent, path, status=200):
    """The page at this path, parsed."""
    response, body = agent.request(path)
    assert response.status == status
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    return Page(body.decode())


def get_status(agent, **headers):
    """The status and its response."""
    response, body = agent.request("/api/v1/status", **headers)
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    if response.headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    return json.loads(body), response


def test_landing_links_every_domain(agent):
    page = get_page(agent, "/")
    assert {f"/domain/{case['domain']}" for case in CASES} <= set(page.links)
    for link in page.links:
        assert agent.request(link)[0].status == 200, link


@each_case
def test_domain_page(agent, case):
    page = get_page(agent, f"/domain/{case['domain']}")
    assert case["domain"] in page.text
    for check, (state, reason) in case["checks"].items():
        assert check in page.text and state in page.text and reason in page.text


@pytest.mark.parametrize("name", ["nobody.lab.test", "", "%3Cscript%3E", "a/b", "..", "%C3%BC.test"])
def test_unknown_domain(agent, name):
    assert "/" in get_page(agent, f"/domain/{name}", 404).links


@each_case
def test_status(agent, case):
    status, _ = get_status(agent, Accept_Encoding="gzip")
    (domain,) = [each for each in status["domains"] if each["name"] == case["domain"]]
    assert domain["state"] == case["state"]
    assert {check: [each["state"], each["reason"]] for check, each in domain["checks"].items()} == case["checks"]
    assert isinstance(domain["transitions"], list)
    for endpoint in domain["endpoints"]:
        assert endpoint["state"] in ("ok", "warning", "critical", "unknown")
        assert endpoint["checks"]["connect"]["state"]


def test_etag(agent):
    """No round ends meanwhile: nothing changes, whatever is scraped."""
    _, response = get_status(agent)
    etag = response.headers["ETag"]
    assert etag.startswith('"') and etag.endswith('"')
    agent.scrape()
    unchanged, body = agent.request("/api/v1/status", If_None_Match=etag)
    assert (unchanged.status, unchanged.headers["ETag"], body) == (304, etag, b"")
    head, body = agent.request("/api/v1/status", "HEAD")
    assert (head.status, head.headers["ETag"], body) == (200, etag, b"")
    _, packed = get_status(agent, Accept_Encoding="gzip")
    assert packed.headers["ETag"] == "W/" + etag
    assert get_status(agent, If_None_Match='"another"')[1].headers["ETag"] == etag


@pytest.mark.parametrize("path", ["/", "/domain/x", "/api/v1/status", "/metrics", "/-/healthy", "/-/ready"])
def test_methods(agent, path):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        response, _ = agent.request(path, method)
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


def test_absolute_target(agent):
    response, _ = agent.request("http://anything.example/-/healthy")
    assert response.status == 200
