"""/metrics: both formats, what is in them, and how the server behaves as an HTTP server."""

import gzip
import operator
import socket

import pytest

from agent import OPENMETRICS, TEXT, Agent, Samples, parse_text, run, wait_for
from imp_nodes import IMP_CHECKS
from lab import CASES, CHECKS

DOMAIN, CHECK, NODE = {"domain"}, {"domain", "check"}, {"node"}
ENDPOINT = {"domain", "endpoint", "address", "transport"}

# The contract's families of these checks, and their labels.
FAMILIES = {
    "fedhealth_build_info": {"version", "revision"},
    "fedhealth_state_last_save_successful": set(),
    "fedhealth_config_last_reload_successful": set(),
    "fedhealth_config_last_reload_success_timestamp_seconds": set(),
    "fedhealth_domains": set(),
    "fedhealth_checks_running": set(),
    "fedhealth_loop_lag_seconds": set(),
    "fedhealth_domain_start_delay_seconds": DOMAIN,
    "fedhealth_domain_endpoints_skipped": DOMAIN,
    "fedhealth_domain_state": DOMAIN | {"fedhealth_domain_state"},
    "fedhealth_check_success": CHECK,
    "fedhealth_check_duration_seconds": CHECK,
    "fedhealth_check_last_run_timestamp_seconds": CHECK,
    "fedhealth_check_last_success_timestamp_seconds": CHECK,
    "fedhealth_check_last_change_timestamp_seconds": CHECK,
    "fedhealth_check_interval_seconds": CHECK,
    "fedhealth_check_runs_total": CHECK,
    "fedhealth_check_failures_total": CHECK,
    "fedhealth_check_reason_info": CHECK | {"status", "reason"},
    "fedhealth_srv_records": DOMAIN | {"service", "resolver"},
    "fedhealth_dns_lookup_duration_seconds": DOMAIN | {"service", "resolver"},
    "fedhealth_srv_record_info": DOMAIN | {"service", "target", "port", "priority", "weight"},
    "fedhealth_srv_ttl_seconds": DOMAIN | {"service"},
    "fedhealth_endpoint_success": ENDPOINT,
    "fedhealth_endpoint_reason_info": ENDPOINT | {"status", "reason"},
    "fedhealth_endpoint_phase_duration_seconds": ENDPOINT | {"phase"},
    "fedhealth_endpoint_starttls_info": ENDPOINT | {"offer"},
    "fedhealth_endpoint_tls_info": ENDPOINT | {"version", "cipher"},
    "fedhealth_endpoint_auth_offered": ENDPOINT | {"mechanism"},
    "fedhealth_certificate_not_before_timestamp_seconds": ENDPOINT | {"position"},
    "fedhealth_certificate_not_after_timestamp_seconds": ENDPOINT | {"position"},
    "fedhealth_certificate_valid": ENDPOINT | {"test"},
    "fedhealth_certificate_info": ENDPOINT | {"subject", "issuer", "serial", "fingerprint_sha256"},
    "fedhealth_imp_nodes": set(),
    "fedhealth_imp_state": NODE | {"fedhealth_imp_state"},
    "fedhealth_imp_start_delay_seconds": NODE,
    "fedhealth_imp_check_success": NODE | {"check"},
    "fedhealth_imp_check_duration_seconds": NODE | {"check"},
    "fedhealth_imp_check_last_run_timestamp_seconds": NODE | {"check"},
    "fedhealth_imp_check_last_success_timestamp_seconds": NODE | {"check"},
    "fedhealth_imp_check_last_change_timestamp_seconds": NODE | {"check"},
    "fedhealth_imp_check_interval_seconds": NODE | {"check"},
    "fedhealth_imp_check_runs_total": NODE | {"check"},
    "fedhealth_imp_check_failures_total": NODE | {"check"},
    "fedhealth_imp_check_reason_info": NODE | {"check", "status", "reason"},
    "fedhealth_imp_version_info": NODE | {"version"},
    "fedhealth_imp_axl_http_status_code": NODE,
    "fedhealth_imp_axl_login_hold_until_timestamp_seconds": NODE,
    "fedhealth_imp_axl_account_valid": NODE | {"account"},
    "fedhealth_imp_s2s_nodes": NODE | {"kind"},
    "fedhealth_imp_s2s_node_info": NODE | {"cp_id"},
    "fedhealth_imp_s2s_rows": NODE,
    "fedhealth_imp_s2s_nodes_last_read_timestamp_seconds": NODE,
    "fedhealth_imp_xcp_restart_pending": NODE | {"source"},
    "fedhealth_imp_xcp_notifications": NODE | {"severity"},
    "fedhealth_imp_xcp_router_start_timestamp_seconds": NODE,
    "fedhealth_snmp_notifications_sent_total": set(),
    "fedhealth_snmp_notifications_suppressed_total": set(),
    "process_cpu_seconds_total": set(),
    "process_open_fds": set(),
    "process_max_fds": set(),
    "process_virtual_memory_bytes": set(),
    "process_virtual_memory_max_bytes": set(),
    "process_resident_memory_bytes": set(),
    "process_heap_bytes": set(),
    "process_start_time_seconds": set(),
    "process_threads": set(),
}

# There from the first scrape, for every domain and check.
ALWAYS = ["fedhealth_check_reason_info", "fedhealth_check_runs_total", "fedhealth_check_failures_total",
          "fedhealth_check_interval_seconds"]


def steady(samples):
    """The samples without those that change from one scrape to the next by themselves."""
    return {key: value for key, value in samples.items()
            if not key[0].startswith(("process_", "fedhealth_loop_", "fedhealth_checks_running"))}


@pytest.mark.parametrize("family", FAMILIES)
def test_family(agent, family):
    found = agent.scrape().named(family)
    assert found
    assert {frozenset(labels) for labels, _ in found} == {frozenset(FAMILIES[family])}


def test_no_other_family(agent):
    """What is not in the contract's list yet is absent."""
    assert {name for name, _ in agent.scrape()} == set(FAMILIES)


def test_promtool_is_silent(agent):
    done = run("promtool", "check", "metrics", input=agent.scrape_raw())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_openmetrics_is_strict(agent):
    """The parser raises on any fault; the end must be there."""
    assert agent.scrape(OPENMETRICS)
    assert agent.scrape_raw(OPENMETRICS).endswith("\n# EOF\n")


def test_formats_agree(agent):
    """Both encoders give the same samples; asked between two equal scrapes, so that no result came in between."""
    def same_before_and_after():
        before, between, after = agent.scrape(), agent.scrape(OPENMETRICS), agent.scrape()
        return steady(before) == steady(after) and (before, between)
    text, openmetrics = wait_for("two equal scrapes", same_before_and_after)
    assert steady(text) == steady(openmetrics)
    assert text.keys() == openmetrics.keys()


def test_every_line_has_help_and_type(agent):
    lines = agent.scrape_raw().splitlines()
    for kind in ("HELP", "TYPE"):
        declared = [line.split(" ")[2] for line in lines if line.startswith(f"# {kind} ")]
        assert len(declared) == len(set(declared))
        assert {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")} <= set(declared)


@pytest.fixture(name="silent_dns")
def _silent_dns():
    """The port of a name server that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield server.getsockname()[1]


def test_first_scrape_is_complete(lab, folder, silent_dns):
    """Before any round has ended there is a series for every domain and check; what is not known has none."""
    nodes = [node for node in lab.imp.configs() if "control_center" not in node]  # one step a round
    agent = Agent(folder, lab.write_config, interval="1h", timeout="3s", dns_port=silent_dns, imp_nodes=nodes)
    try:
        samples = agent.scrape()
        for name in ALWAYS:
            found = {(labels["node"], labels["check"])
                     for labels, _ in samples.named(name.replace("fedhealth_", "fedhealth_imp_", 1))}
            assert found == {(node["name"], check) for node in nodes for check in IMP_CHECKS}, name
        assert all(labels["status"] == "unknown"
                   for labels, _ in samples.named("fedhealth_imp_check_reason_info"))
        for name in ALWAYS:
            found = {(labels["domain"], labels["check"]) for labels, _ in samples.named(name)}
            assert found == {(case["domain"], check) for case in CASES for check in CHECKS}, name
        idle = {(case["domain"], check) for case in CASES for check in CHECKS
                if case["checks"][check][1] == "not_configured"}
        for labels, _ in samples.named("fedhealth_check_reason_info"):
            reason = "not_configured" if (labels["domain"], labels["check"]) in idle else "not_run"
            assert (labels["status"], labels["reason"]) == ("unknown", reason)
        assert {value for _, value in samples.named("fedhealth_check_runs_total")} == {0}
        assert {value for _, value in samples.named("fedhealth_check_failures_total")} == {0}
        assert {value for _, value in samples.named("fedhealth_check_interval_seconds")} == {3600}
        assert {labels["fedhealth_domain_state"] for labels, value in samples.named("fedhealth_domain_state")
                if value} == {"unknown"}
        for name in ("success", "duration_seconds", "last_run_timestamp_seconds", "last_success_timestamp_seconds"):
            assert not samples.named("fedhealth_check_" + name)

        samples = agent.first_round_done()
        static = {case["domain"] for case in CASES if "targets" in case["config"]}  # their SRV is not judged
        reasons = {(labels["status"], labels["reason"]) for labels, _ in samples.named("fedhealth_check_reason_info")
                   if labels["check"] == "srv" and labels["domain"] not in static}
        assert reasons == {("critical", "dns_timeout")}
        assert {labels["reason"] for labels, _ in samples.named("fedhealth_imp_check_reason_info")
                if labels["check"] == "axl"} == {"axl_dns"}
    finally:
        agent.stop()


def test_counters(agent):
    """Failures count rounds that ended critical, and nothing else."""
    samples = agent.scrape()
    for case in CASES:
        for check, (state, _) in case["checks"].items():
            runs = samples.one("fedhealth_check_runs_total", domain=case["domain"], check=check)
            failures = samples.one("fedhealth_check_failures_total", domain=case["domain"], check=check)
            assert failures == (runs if state == "critical" else 0)


def srv_records(lab, case, service):
    """The labels of the case's SRV records of this service; a lone dot is left out."""
    lines = [line.split() for line in lab.filled(case["dns"]) if line.startswith(f"_{service}._tcp ")]
    return [{"domain": case["domain"], "service": service, "target": target.rstrip("."), "port": port,
             "priority": priority, "weight": weight} for _, _, priority, weight, port, target in lines if target != "."]


@pytest.mark.parametrize("service", ["xmpp-server", "xmpps-server"])
def test_srv_facts(agent, lab, service):
    samples = agent.scrape()
    for case in CASES:
        labels = {"domain": case["domain"], "service": service}
        count = len([line for line in case["dns"] if line.startswith(f"_{service}._tcp ")])
        assert samples.one("fedhealth_srv_records", **labels, resolver="lab") == count, case["domain"]
        assert samples.one("fedhealth_srv_ttl_seconds", **labels) == (60 if count else None), case["domain"]
        found = [each for each, _ in samples.named("fedhealth_srv_record_info")
                 if labels.items() <= each.items() and each["target"] not in (".", "")]
        order = operator.itemgetter("target", "port")
        assert sorted(found, key=order) == sorted(srv_records(lab, case, service), key=order)


def test_endpoint_facts(agent, lab):
    samples = agent.scrape()
    offers = {"healthy.lab.test": "required", "tls-optional.lab.test": "optional", "no-tls.lab.test": "none"}
    for domain, offer in offers.items():
        assert samples.labels("fedhealth_endpoint_starttls_info", domain=domain)["offer"] == offer
        assert samples.one("fedhealth_endpoint_auth_offered", domain=domain, mechanism="dialback") in (1, None)
    healthy = samples.labels("fedhealth_endpoint_tls_info", domain="healthy.lab.test")
    assert healthy == {"domain": "healthy.lab.test", "endpoint": f"xmpp.lab.test:{lab.ports['strict']}",
                       "address": "127.0.0.1", "transport": "starttls", "version": "TLSv1.3",
                       "cipher": "TLS_AES_256_GCM_SHA384"}
    assert samples.one("fedhealth_endpoint_auth_offered", domain="healthy.lab.test", mechanism="dialback") == 1
    assert samples.one("fedhealth_endpoint_success", domain="healthy.lab.test") == 1
    assert samples.one("fedhealth_endpoint_success", domain="refused.lab.test") == 0


@pytest.mark.parametrize("accept, expected", [
    (None, TEXT), ("*/*", TEXT), ("text/plain", TEXT), (OPENMETRICS, OPENMETRICS),
    ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", OPENMETRICS),
    ("application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.5", TEXT),
    ("application/openmetrics-text;q=0.0, */*", TEXT)])
def test_content_type(agent, accept, expected):
    response, body = agent.request("/metrics", **({"Accept": accept} if accept else {}))
    assert response.getheader("Content-Type").replace("; ", ";") == expected + ";charset=utf-8"
    assert body.endswith(b"# EOF\n") == (expected == OPENMETRICS)


@pytest.mark.parametrize("encoding, compressed", [
    (None, False), ("gzip", True), ("deflate, gzip;q=0.5", True), ("gzip;q=0", False), ("identity", False)])
def test_gzip(agent, encoding, compressed):
    response, body = agent.request("/metrics", **({"Accept_Encoding": encoding} if encoding else {}))
    assert response.getheader("Content-Encoding") == ("gzip" if compressed else None)
    text = (gzip.decompress(body) if compressed else body).decode()
    assert Samples(parse_text(text)).keys() == agent.scrape().keys()


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready"])
def test_route(agent, path):
    """GET and HEAD work alike; another method is told which ones do."""
    got, body = agent.request(path)
    head, nothing = agent.request(path, "HEAD")
    assert (got.status, head.status) == (200, 200)
    assert body and not nothing
    assert head.getheader("Content-Type") == got.getheader("Content-Type")
    for method in ("POST", "PUT", "DELETE", "PROPFIND"):
        refused, _ = agent.request(path, method)
        assert refused.status == 405
        assert {"GET", "HEAD"} <= set(refused.getheader("Allow").replace(",", " ").split())


def test_unknown_route(agent):
    assert agent.request("/nowhere")[0].status == 404
    assert agent.request("/metrics/")[0].status == 404


def test_front_page_leads_to_metrics(agent):
    response, body = agent.request("/")
    assert response.getheader("Content-Type").startswith("text/html")
    assert b'href="/metrics"' in body or b'href="metrics"' in body
