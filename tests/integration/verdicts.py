"""Why each reason is the verdict that it is, and which rows of the tests lead to it: docs/verdicts.md.

A row is what a test is parametrized with under the name `case`, if it says which reasons it must lead to (`reasons`,
`checks` or `found`, by check), or a mark `produces(reason, why)` of a test. The lab's domains are none, since a real
server cannot be made to do everything; the lab's Cisco nodes are.

usage: FEDHEALTH_BUILD=build python3 tests/integration/verdicts.py > docs/verdicts.md
"""

import dataclasses
import glob
import importlib
import os
import re
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [path for path in (HERE, os.path.dirname(HERE)) if path not in sys.path]

from agent import FEDHEALTH, run  # noqa: E402 (needs the path above)

WIDTH = 120
ROWS_SHOWN, NAME_SHOWN = 8, 48  # rows, letters
COMMON = ("ok", "not_reached", "not_configured", "not_applicable")  # found beside what a row is about

# Why this reason and not another one, and why this state. A key that ends with an underscore is for all that begin so.
RATIONALES = {
    "not_run": "Before the first round nothing is known, and what is not known is never ok.",
    "ok": "Everything that the check looks at was seen, and is as it should be.",
    "not_reached": "Only what was seen is judged. The check that failed before has the fault; a second one would hide "
                   "it.",
    "not_configured": "Nobody asked for the check, so that it says nothing and worsens nothing.",
    "not_applicable": "The stage has no meaning for the domain. That is no fault, and no success either.",
    "local_error": "The fault is this machine's. The peer was not asked, so that neither good nor bad is known of it.",
    "domain_invalid": "No server in the world could find the domain, and asking again would not help.",
    "dns_timeout": "Partners who get no answer do not federate. It is told apart from SERVFAIL, since here nobody "
                   "answered who could be asked why.",
    "dns_servfail": "The resolver is there and could not find out: its trouble lies behind it, in a zone or in DNSSEC.",
    "dns_refused": "The resolver does not want to answer this client. That is its configuration, and not the domain's.",
    "dns_malformed": "An answer came, so that it is no timeout; but there is nothing in it that could be followed.",
    "dns_nxdomain": "The domain is gone. Only where a name does not exist at all this is said: one that exists without "
                    "records has another remedy.",
    "srv_missing": "Peers fall back to the domain's own address (RFC 6120 3.2.2), so that it works; by accident, hence "
                   "a warning.",
    "dns_no_address": "The domain exists, and still there is nothing to connect to. Partners cannot reach it.",
    "srv_service_disabled": "A lone dot says that there is no such service (RFC 2782), and forbids the fallback. It "
                            "may "
                            "be meant so; then the domain need not be checked.",
    "srv_target_alias": "RFC 2782 forbids it, most peers follow it: a warning.",
    "srv_target_no_address": "The record leads nowhere. Where another one does lead somewhere it is a warning.",
    "srv_port_zero": "Nobody can connect to port 0, whatever else is right.",
    "srv_unexpected": "It works as it is, but not as it was agreed: a warning, and the checks go on with what DNS "
                      "says.",
    "dns_views_differ": "The agent's own view works, another one does not or is old. Which is right only a person can "
                        "tell: a warning.",
    "connect_refused": "The host answered that nothing listens there: a server that is down, or another port.",
    "connect_timeout": "Nobody answered: a firewall that drops packets, or a host that is down. A refusal would have "
                       "come at once.",
    "connect_unreachable": "A router said that there is no way. The fault is the network's, before any server.",
    "connect_reset": "Something answered and hung up while the connection was being made, as a balancer without a "
                     "server behind it does.",
    "connect_denied": "An address that the configuration forbids is not tried, and partners may not use it either: DNS "
                      "leads to a place where it must not.",
    "stream_timeout": "It accepted and did not speak XMPP in time. White space and half a header are no answer.",
    "stream_closed": "It hung up without giving a reason. With a stream error the reason would be that error.",
    "stream_not_xmpp": "Something else answers at this port, which no partner can talk to.",
    "stream_bad_namespace": "It speaks XMPP, but not between servers: the port for clients or components.",
    "stream_header_invalid": "Real servers refuse a stream that breaks RFC 6120's rules; so it is a fault although the "
                             "agent could go on.",
    "stream_too_large": "No honest server needs so much before authentication. The agent does not read on to find out.",
    "stream_error_": "The peer gave a reason in RFC 6120's words, and each of them has another remedy. What came "
                     "before "
                     "the error does not matter, not even a defect of the header.",
    "stream_error_other": "A condition outside RFC 6120's list must not become a new value of a label; the detail has "
                          "it.",
    "starttls_not_offered": "Without encryption partners who require it cannot federate. Where the configuration "
                            "expects none it is no fault.",
    "starttls_failure": "The peer said in so many words that it does not start what it offered.",
    "starttls_closed": "It hung up on the question, before any byte of TLS: the fault is the XMPP server's.",
    "starttls_policy_mismatch": "The connection is as good as any, but not in the mode that was agreed: a warning.",
    "tls_timeout": "Silence after <starttls/> or in the handshake: from here on the time is that of TLS.",
    "tls_closed": "It hung up in the handshake without an alert, which would have said why.",
    "tls_not_tls": "The bytes are no TLS at all: plain text, another protocol, or a device in between.",
    "tls_alert_": "The peer gave a reason in RFC 8446's words, and each of them has another remedy. The level does not "
                  "matter: a warning that ends the handshake has ended it.",
    "tls_alert_other": "A number outside RFC 8446's list must not become a new value of a label; the detail has it.",
    "tls_version_too_old": "The handshake may well succeed, but below the minimum it does not count. What follows is "
                           "checked all the same.",
    "tls_client_certificate_required": "The alert alone would not tell that it is this agent that lacks something; the "
                                       "peer's request in the same handshake does.",
    "tls_error": "The peer's side went on, and it was this side that could not: what came breaks TLS.",
    "cert_expired": "Partners who verify certificates refuse it. Where dialback is offered the domain still federates, "
                    "so that it is a warning for the whole.",
    "cert_not_yet_valid": "As bad as an expired one for now; but waiting, or setting a clock, is enough.",
    "cert_expires_soon": "Nothing fails yet; in `tls.expiry_critical` there is hardly time left.",
    "cert_self_signed": "Nobody vouches for it. It is told apart from an unknown CA, since the remedy is another.",
    "cert_untrusted": "Somebody vouches for it whom this machine does not know.",
    "cert_chain_incomplete": "A leaf alone, whose issuer is not known: nearly always the intermediate was not "
                             "installed, and the CA is fine.",
    "cert_name_mismatch": "It comes first among the faults of a certificate: one for somebody else says nothing of "
                          "this "
                          "domain.",
    "cert_cn_only": "Older software accepts it, newer does not (RFC 6125): a warning.",
    "cert_weak_key": "It can be forged, whoever signed it.",
    "cert_weak_signature": "Whoever can collide the hash has a certificate with the same signature.",
    "cert_wrong_usage": "Strict partners refuse a certificate that is not meant for servers.",
    "cert_revoked": "Its CA has withdrawn it, which its dates do not show.",
    "auth_not_offered": "TLS works, and then there is no way to say who one is: neither dialback nor EXTERNAL.",
    "auth_features_missing": "After TLS a stream must open anew and give features (RFC 6120 5.4.3.3). Silence, an end "
                             "or something else in their place come to the same.",
    "dialback_key_rejected": "Only after each algorithm was tried with the right secret the secret itself is what is "
                             "wrong.",
    "dialback_accepts_bogus": "Who says valid to a key that was made up lets anyone pose as the domain. It is worse "
                              "than "
                              "any failure, and looks like success.",
    "dialback_timeout": "Offered, and then silent: partners wait in vain, and messages with them.",
    "dialback_closed": "An end in place of an answer. A stream error on the way is in the detail.",
    "dialback_bad_reply": "An answer to another question, or for somebody else, must not count as an answer.",
    "dialback_error_": "The peer gave a reason in RFC 6120's words, and each of them has another remedy.",
    "ping_login_failed": "The server said no to the account. It is told at once, since repeating it locks accounts.",
    "ping_login_held": "No attempt was made, on purpose; what stands is the former rejection.",
    "ping_unreachable": "The own server is what cannot be reached. Of the domain nothing was learnt.",
    "ping_timeout": "The one sign of packets that vanish: no error, no answer.",
    "ping_error_": "Somebody on the way answered. Where that may have been the far side the packet did travel, hence a "
                   "warning; where it was the own server it did not.",
    "axl_dns": "The fault is in the name, before the node.",
    "axl_connect": "The node, or a firewall, does not take the connection. No login was sent.",
    "axl_timeout": "It took the request and did not answer in time; the login counts as made.",
    "axl_tls": "Without trust in the certificate no password is sent, and nothing else can be known.",
    "axl_unauthorized": "Only status 401 says that the password is wrong, and only then logins are held.",
    "axl_account_rejected": "Expressway-C's account, and not the agent's: the table is right and nobody reads it.",
    "axl_forbidden": "The password is right, the role is missing.",
    "axl_not_found": "Another address, or AXL is not activated; no question of accounts.",
    "axl_throttled": "The node works and asks for patience: a warning.",
    "axl_version_unsupported": "It names no version that could be tried instead.",
    "axl_redirect": "To follow it would send the password elsewhere.",
    "axl_http_error": "A status that AXL does not use: something else answers.",
    "axl_soap_fault": "AXL itself answered, with an error of its own, also where the status is 200.",
    "axl_bad_response": "Half an answer, or one of another kind, must not pass for a table without rows.",
    "axl_too_large": "The limit is the agent's or the node's; what came is not judged: a warning.",
    "axl_login_held": "No attempt was made, on purpose, since three of them lock the account.",
    "s2snode_missing": "Messages to a domain behind the missing node are lost.",
    "s2snode_unexpected": "What works goes on working; an old row is to be cleared: a warning.",
    "s2snode_empty": "Federation is meant to be on, and nothing can leave the node.",
    "s2snode_present": "Federation is meant to be off, and something is still there: a warning.",
    "s2snode_differs": "One of two nodes is right, and nobody can tell which: a warning.",
    "s2snode_no_table": "Another version of the node may have another table: nothing is known to be wrong.",
    "xcp_restart_pending": "The table is right and the router works with an older one: packets bounce.",
    "xcp_restart_unknown": "No false alarm: where it cannot be told, it is said that it cannot.",
    "xcp_router_stopped": "Without the router there is no federation at all.",
    "xcp_source_failed": "What could not be read tells nothing of the router.",
}

HEAD = """\
# Verdicts

Which observations lead to which [reason](reasons.md), and why it is that one. Every row is a test: a scripted XMPP
peer, DNS server or Cisco node does what the row says, and the agent must come to this reason and to no other. There are
more rows than are shown here; they stand in `tests/integration/cases_*.py`.

This file is written by `FEDHEALTH_BUILD=build python3 tests/integration/verdicts.py > docs/verdicts.md`; change the
rows, or the rationales in that program.
"""


@dataclasses.dataclass(frozen=True)
class Reason:
    """One line of `fedhealth explain`."""
    stage: str
    code: str
    state: str


@dataclasses.dataclass(frozen=True)
class Row:
    """Something that a test does and finds."""
    name: str
    why: str
    reasons: frozenset


def explained():
    """The closed list of reasons, in its order."""
    found, stage = [], None
    for line in run(FEDHEALTH, "explain").stdout.splitlines():
        reason = re.match(r"  (\w+) +(ok|warning|critical|unknown) ", line)
        if reason:
            found.append(Reason(stage, *reason.groups()))
        stage = line if re.fullmatch(r"\w+", line) else stage
    return found


def _row(case):
    """What the test of a case does; None where it is none of ours."""
    if isinstance(case, dict):  # one of the lab's
        if "domain" in case:
            return None
        reasons = frozenset(reason for _, reason in case["checks"].values())
        return Row(case["name"].split(".", maxsplit=1)[0], case["about"], reasons)
    reasons = next((found for name in ("reasons", "checks", "found") if isinstance(found := getattr(case, name, None),
                                                                                   dict)), None)
    if reasons is None:
        return None
    return Row(case.name, getattr(case, "why", ""), frozenset(reasons.values()))


def _rows_of(function):
    """The rows of one test."""
    for mark in getattr(function, "pytestmark", []):
        if mark.name == "produces":
            yield Row(function.__name__.removeprefix("test_"), mark.args[1], frozenset([mark.args[0]]))
        elif mark.name == "parametrize" and mark.args[0] == "case":
            yield from filter(None, map(_row, mark.args[1]))


def rows():
    """All that tests do and find."""
    found = {}
    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        with open(path, encoding="utf-8") as source:
            if not re.search(r"\bcases_\w+|\bIMP_CASES\b|\bmark\.produces\b|\bSITUATIONS\b", source.read()):
                continue
        module = importlib.import_module(os.path.basename(path).removesuffix(".py"))
        for name, function in sorted(vars(module).items(), key=lambda each: getattr(each[1], "__code__", rows.__code__)
                                     .co_firstlineno):
            if name.startswith("test_"):
                found.update(dict.fromkeys(_rows_of(function)))  # two tests may share their rows
    return _told_whole(found)


def _told_whole(found):
    """Many a row goes on with "..." where the one before it stopped."""
    before = ""
    for row in found:
        if row.why.startswith("..."):
            yield dataclasses.replace(row, why=before.rstrip(".") + " " + row.why)
        else:
            before = row.why
            yield row


def rationale(code):
    """Why this verdict; None if nobody wrote it."""
    group = [key for key in RATIONALES if key.endswith("_") and code.startswith(key)]
    return RATIONALES.get(code) or (RATIONALES[group[0]] if group else None)


def _about(row, code):
    """Whether the row is there for this reason."""
    return code in row.reasons and (code not in COMMON or row.reasons <= set(COMMON))


def _item(text):
    return textwrap.fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False,
                         break_on_hyphens=False)


def document():
    """docs/verdicts.md."""
    every_row, stage = list(rows()), None
    yield HEAD
    for reason in explained():
        if reason.stage != stage:
            stage = reason.stage
            yield f"## {stage}\n"
        found = [row for row in every_row if _about(row, reason.code)] or [
            row for row in every_row if reason.code in row.reasons]
        yield f"### {reason.code}: {reason.state}\n"
        yield textwrap.fill(rationale(reason.code) or "", WIDTH, break_on_hyphens=False) + "\n"
        lines = [_item(f"`{row.name[:NAME_SHOWN]}`{': ' + row.why if row.why else ''}") for row in found[:ROWS_SHOWN]]
        if len(found) > ROWS_SHOWN:
            lines.append(f"- and {len(found) - ROWS_SHOWN} more")
        yield "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write("\n".join(document()))
