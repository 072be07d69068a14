"""The lab's tables of domain or node, check and expected reason, out of cases.json: for docs/lab.md and a terminal."""

import textwrap

from . import CASES, CHECKS, ENDPOINT, IMP_CASES, TABLE
from .imp import cases as imp_cases

HEAD = """\
# The lab

`./quickstart run` starts these domains and Cisco nodes with their servers on loopback, and the integration tests expect
of each what stands here, in /metrics, through SNMP and of `fedhealth check`. This file is written by
`PYTHONPATH=tests python3 -m lab table > docs/lab.md` out of `tests/lab/cases.json`; change that.

Servers, besides Knot DNS:

{servers}

## What the checks must find

A dash is `not_reached`; the state of a reason that stands alone is unknown.{everywhere}

"""

ENDPOINTS_HEAD = """
## How each is made

Names in a DNS record are relative to the domain; a server's name in braces stands for its port. Endpoints are those
that are checked, each with the reason of its worst stage.

"""

IMP_HEAD = """
## Cisco IM and Presence nodes

They speak AXL by the npm packages `soap` and `strong-soap` on Cisco's own WSDL (npm `cisco-axl`), and have a Control
Center and a Notifications page behind a form login, made after what Cisco documents. `./quickstart` installs the
packages in `build/lab-node`; nothing of them stands in this tree.

A dash is `not_reached`; the state of a reason that stands alone is unknown.

"""


def _same_everywhere(check):
    """The [state, reason] that the check has in every case, or None."""
    found = {tuple(case["checks"][check]) for case in CASES}
    return found.pop() if len(found) == 1 else None


def _row(*cells):
    return "| " + " | ".join(cells) + " |"


def _cell(state, reason):
    if reason == "not_reached":
        return "–"
    if reason == "ok":
        return reason
    return f"`{reason}`" if state == "unknown" else f"{state}: `{reason}`"


def _imp_cell(case, check):
    """Also from the second round on, where that is another."""
    first = _cell(*case["checks"][check])
    return f"{first}, then {_cell(*case['later'][check])}" if check in case["later"] else first


def _lines(texts):
    return "<br>".join(f"`{text}`" for text in texts)


def _checks_table():
    shown = [check for check in CHECKS if not _same_everywhere(check)]
    yield _row("domain", "state", *shown)
    yield "|" + "---|" * (len(shown) + 2)
    for case in CASES:
        yield _row(case["domain"], case["state"], *(_cell(*case["checks"][check]) for check in shown))


def _endpoints_table():
    yield _row("domain", "what it is", "server", "DNS", "endpoints")
    yield "|---|---|---|---|---|"
    for case in CASES:
        rows = [dict(zip(ENDPOINT, endpoint)) for endpoint in case["endpoints"]]
        endpoints = [f"{each['endpoint']} {each['address']} {each['transport']}: {each['reason']}" for each in rows]
        yield _row(case["domain"], case["about"], case["server"] or "–", _lines(case["dns"]) or "–",
                   _lines(endpoints) or "–")


def _imp_table():
    yield _row("node", "state", *imp_cases.CHECKS, "the line of combined causes names")
    yield "|" + "---|" * (len(imp_cases.CHECKS) + 3)
    for case in IMP_CASES:
        yield _row(case["name"], case["state"], *(_imp_cell(case, check) for check in imp_cases.CHECKS),
                   _lines(case["cause"]) or "–")


def _imp_about_table():
    yield _row("node", "what it is", "SOAP library", "AXL schema")
    yield "|---|---|---|---|"
    for case in IMP_CASES:
        yield _row(case["name"], case["about"], case["dialect"], ", ".join(case["versions"]))


def markdown():
    """docs/lab.md."""
    servers = "\n".join(f"- **{name}**: {settings['about']}" for name, settings in TABLE["servers"].items())
    same = [f"`{check}` is `{_same_everywhere(check)[1]}`" for check in CHECKS if _same_everywhere(check)]
    everywhere = f" In every domain {' and '.join(same)}." if same else ""
    return (HEAD.format(servers=servers, everywhere=everywhere) + "\n".join(_checks_table()) + "\n"
            + ENDPOINTS_HEAD + "\n".join(_endpoints_table()) + "\n"
            + IMP_HEAD + "\n".join(_imp_table()) + "\n\n" + "\n".join(_imp_about_table()) + "\n")


def plain(width, with_nodes):
    """For a terminal of so many columns: a domain, the state to be found, and what it is; then likewise the nodes."""
    entries = [(case["domain"], case) for case in CASES]
    entries += [(case["name"], case) for case in IMP_CASES] if with_nodes else []
    first = max(len(name) for name, _ in entries) + 2
    indent = " " * (first + 12)
    lines = []
    for name, case in entries:
        lines += textwrap.wrap(case["about"], max(width, 80) - 1, subsequent_indent=indent,
                               initial_indent=f"  {name:{first}}{case['state']:10}")
    return "\n".join(lines)
