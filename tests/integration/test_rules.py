"""The rules of dashboards/prometheus by promtool: their own unit tests, and the texts of every reason of every check,
which must be those of `fedhealth explain`."""

import json
import os
import re

from agent import FEDHEALTH, run
from rules import RULES, alert_of

STAGES = {  # of a check's reasons, by label and check
    ("domain", "srv"): ["srv"], ("domain", "connect"): ["connect"], ("domain", "stream"): ["stream", "starttls"],
    ("domain", "starttls"): ["starttls", "stream"], ("domain", "certificate"): ["certificate"],
    ("domain", "auth"): ["auth", "stream", "starttls"], ("domain", "dialback"): ["dialback"],
    ("domain", "ping"): ["ping"], ("node", "axl"): ["axl"], ("node", "s2snode"): ["s2snode"],
    ("node", "xcp_restart"): ["xcp"], ("node", "xcp_router"): ["xcp"],
}
WHATS = {
    "srv": "SRV lookup", "connect": "connection", "stream": "XMPP stream", "starttls": "TLS",
    "certificate": "certificate", "auth": "offer to authenticate", "dialback": "dialback", "ping": "ping",
    "axl": "AXL", "s2snode": "table xmpps2snode",
    "xcp_restart": "restart of the XCP Router", "xcp_router": "XCP Router",
}
UNKNOWN = [("domain", "not_run"), ("domain", "local_error"), ("domain", "ping_unreachable"), ("node", "not_run"),
           ("node", "local_error"), ("node", "xcp_source_failed")]
# Names of nodes are free text. What is harmless to YAML, PromQL and templates alike proves nothing.
ODD_NAME = "caf\u00e9 \"{{ $value }}\" \\n `x` {a='b'} #" + "n" * 200


def explained():
    """{reason: {stage, meaning, cause, remedy}}, as `fedhealth explain` has them."""
    text = run(FEDHEALTH, "explain", "--markdown").stdout
    found = {}
    for stage, section in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL):
        for code, body in re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", section, re.MULTILINE | re.DOTALL):
            items = {name: " ".join(words.split()) for name, words in
                     re.findall(r"^- \*\*(.*?):\*\* (.*?)(?=^- |\Z)", body, re.MULTILINE | re.DOTALL)}
            found[code] = {"stage": stage, "meaning": items["Meaning"], "cause": items["Likely cause"],
                           "remedy": items["What to do"]}
    return found


def description(reason):
    """What stands there of it."""
    return f"{reason['meaning']} Likely cause: {reason['cause']}"


def series(label, name, check, status, reason, instance="a:9529"):
    """The info metric, for half an hour."""
    metric = "fedhealth_imp_check_reason_info" if label == "node" else "fedhealth_check_reason_info"
    labels = {"instance": instance, label: name, "check": check, "status": status, "reason": reason}
    return {"series": metric + "{" + ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}"
                                               for key, value in labels.items()) + "}", "values": "1x30"}


def promtool(folder, tests):
    """Runs these unit tests on the rules."""
    path = os.path.join(folder, "test.yml")
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"rule_files": [RULES], "evaluation_interval": "1m", "tests": tests}, out)  # JSON is YAML too
    return run("promtool", "test", "rules", path)


class Expected:
    """A test in which alerts of many checks fire."""

    def __init__(self):
        self.series = [{"series": 'up{job="fedhealth", instance="a:9529"}', "values": "1x30"}]
        self.alerts = {}

    def add(self, alert, label, name, check, status, severity, annotations):
        """An alert that must fire, with these annotations to the letter."""
        if alert == "FedhealthImpLoginHeld":
            annotations = {**annotations, "held_until": ""}
        self.alerts.setdefault(alert, []).append({
            "exp_labels": {label: name, "check": check, "status": status, "severity": severity},
            "exp_annotations": annotations})

    def run(self, folder, at="3m"):
        """Compares, at this time."""
        done = promtool(folder, [{"interval": "1m", "input_series": self.series, "alert_rule_test": [
            {"eval_time": at, "alertname": alert, "exp_alerts": expected}
            for alert, expected in self.alerts.items()]}])
        assert done.returncode == 0, done.stdout[:4000] + done.stderr[:4000]


def annotations_of(name, what, state, reason, texts):
    """Of one reason, seen by one agent."""
    return {"summary": f"{name}: {what} {state}: {reason}", "reason": reason, "description": description(texts),
            "remedy": texts["remedy"]}


def test_rules_are_valid():
    done = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_own_tests():
    done = run("promtool", "test", "rules", RULES.replace(".rules.yml", ".rules.test.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_reason_of_every_check(folder):
    """A domain or node for each of them."""
    reasons = explained()
    assert len(reasons) > 100
    expected = Expected()
    for (label, check), stages in STAGES.items():
        for code, texts in reasons.items():
            if texts["stage"] not in stages:
                continue
            name = f"{check}-{code}.example"
            alert = alert_of(check, code)
            expected.series.append(series(label, name, check, "critical", code))
            what = "AXL login" if alert == "FedhealthImpLoginHeld" else WHATS[check]
            expected.add(alert, label, name, check, "critical", "critical",
                         annotations_of(name, what, "critical", code, texts))
    expected.run(folder)


def test_unknown(folder):
    reasons, expected = explained(), Expected()
    for label, code in UNKNOWN:
        alert = "FedhealthImpCheckUnknown" if label == "node" else "FedhealthCheckUnknown"
        expected.series.append(series(label, code, "odd", "unknown", code))
        expected.add(alert, label, code, "odd", "unknown", "warning",
                     annotations_of(code, "check odd", "unknown", code, reasons[code]))
    expected.run(folder, "16m")


def test_names_with_quotes(folder):
    code, expected = "xcp_router_stopped", Expected()
    expected.series.append(series("node", ODD_NAME, "xcp_router", "critical", code))
    expected.add("FedhealthImpXcpRouterFailed", "node", ODD_NAME, "xcp_router", "critical", "critical",
                 annotations_of(ODD_NAME, "XCP Router", "critical", code, explained()[code]))
    expected.run(folder)


def test_agents_that_see_different_things(folder):
    """Two reasons, each with its texts; a third agent sees nothing wrong; and a reason of another version."""
    reasons, expected = explained(), Expected()
    refused, timeout = reasons["connect_refused"], reasons["connect_timeout"]
    expected.series += [series("domain", "a.example", "connect", "critical", "connect_timeout", "a:9529"),
                        series("domain", "a.example", "connect", "critical", "connect_refused", "b:9529"),
                        series("domain", "a.example", "connect", "ok", "ok", "c:9529"),
                        series("domain", "new.example", "connect", "critical", "connect_newly_made_up")]
    expected.add("FedhealthConnectFailed", "domain", "a.example", "connect", "critical", "critical", {
        "summary": "a.example: connection critical: connect_refused, connect_timeout (2 of 3 agents)",
        "reason": "connect_refused, connect_timeout",
        "description": f"connect_refused: {description(refused)} connect_timeout: {description(timeout)}",
        "remedy": f"connect_refused: {refused['remedy']} connect_timeout: {timeout['remedy']}"})
    told = "Run `fedhealth explain connect_newly_made_up`."
    expected.add("FedhealthConnectFailed", "domain", "new.example", "connect", "critical", "critical", {
        "summary": "new.example: connection critical: connect_newly_made_up", "reason": "connect_newly_made_up",
        "description": told, "remedy": told})
    expected.run(folder)


def test_certificate_that_ends(folder):
    """Behind another fault; the texts are those of the reasons that it would have."""
    reasons = explained()
    ends, ended = reasons["cert_expires_soon"], reasons["cert_expired"]
    labels = 'endpoint="xmpp.example:5269", address="192.0.2.1", position="leaf"}'
    metric = "fedhealth_certificate_not_after_timestamp_seconds"
    done = promtool(folder, [{"interval": "1m", "input_series": [
        {"series": f'{metric}{{domain="ends.example", {labels}', "values": "172800x30"},
        {"series": f'{metric}{{domain="ended.example", {labels}', "values": "60x30"}], "alert_rule_test": [
            {"eval_time": "3m", "alertname": "FedhealthCertificateExpiring", "exp_alerts": [
                {"exp_labels": {"domain": "ends.example", "severity": "critical"}, "exp_annotations": {
                    "summary": "ends.example: a certificate ends in 1d 23h 57m 0s "
                               "(xmpp.example:5269, 192.0.2.1, leaf)",
                    "description": description(ends), "remedy": ends["remedy"]}},
                {"exp_labels": {"domain": "ended.example", "severity": "critical"}, "exp_annotations": {
                    "summary": "ended.example: a certificate ended (xmpp.example:5269, 192.0.2.1, leaf)",
                    "description": description(ended), "remedy": ended["remedy"]}}]}]}])
    assert done.returncode == 0, done.stdout + done.stderr
