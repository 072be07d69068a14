"""The lab's table of domain, check and expected reason, out of cases.json: for docs/lab.md and for a terminal."""

import textwrap

from . import CASES, CHECKS, ENDPOINT, TABLE

HEAD = """\
# The lab

`./quickstart run` starts these domains and their servers on loopback, and the integration tests expect of each what
stands here, in /metrics, through SNMP and of `fedhealth check`. This file is written by
`PYTHONPATH=tests python3 -m lab table > docs/lab.md` out of `tests/lab/cases.json`; change that.

Servers, besides Knot DNS:

{servers}

## What the checks must find

A dash is `not_reached`; the state of a reason that stands alone is unknown. In every domain {everywhere}

"""

ENDPOINTS_HEAD = """
## How each is made

Names in a DNS record are relative to the domain; a server's name in braces stands for its port. Endpoints are those
that are checked, each with the reason of its worst stage.

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


def markdown():
    """docs/lab.md."""
    servers = "\n".join(f"- **{name}**: {settings['about']}" for name, settings in TABLE["servers"].items())
    same = [f"`{check}` is `{_same_everywhere(check)[1]}`" for check in CHECKS if _same_everywhere(check)]
    return (HEAD.format(servers=servers, everywhere=" and ".join(same) + ".") + "\n".join(_checks_table()) + "\n"
            + ENDPOINTS_HEAD + "\n".join(_endpoints_table()) + "\n")


def plain(width):
    """For a terminal of so many columns: a domain, the state to be found, and what it is."""
    first = max(len(case["domain"]) for case in CASES) + 2
    indent = " " * (first + 12)
    lines = []
    for case in CASES:
        lines += textwrap.wrap(case["about"], max(width, 80) - 1, subsequent_indent=indent,
                               initial_indent=f"  {case['domain']:{first}}{case['state']:10}")
    return "\n".join(lines)
