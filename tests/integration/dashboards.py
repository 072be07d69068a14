"""The Grafana dashboards, and the rules that they keep: a table, each rule a function dashboard -> what is wrong."""

import glob
import json
import os
import re

from agent import SOURCE

FOLDER = os.path.join(SOURCE, "dashboards", "grafana")
NAMES = sorted(os.path.basename(path) for path in glob.glob(os.path.join(FOLDER, "*.json")))
UIDS = {f"fedhealth-{name.removesuffix('.json')}" for name in NAMES}

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SELECTOR = re.compile(r"\b((?:fedhealth|process|scrape)_\w+|up)\b(\{[^}]*\})?")
GROUPING = re.compile(r"\b(by|on|ignoring|without|group_left|group_right) *\([^)]*\)")
TEXT = re.compile(r'"[^"]*"')


def load(name):
    """A dashboard by its file name."""
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)


def tidy(dashboard):
    """How its file is written."""
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def panels(dashboard):
    """All panels but the rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def targets(dashboard):
    """Every query as (panel, target)."""
    return [(panel, target) for panel in panels(dashboard) for target in panel["targets"]]


def variables(dashboard):
    """Name -> variable."""
    return {each["name"]: each for each in dashboard["templating"]["list"]}


def expressions(dashboard):
    """Every query and every variable's, as (owner's name, expression)."""
    yield from ((f"{panel['title']} {target['refId']}", target["expr"]) for panel, target in targets(dashboard))
    yield from ((name, variable["query"]["query"]) for name, variable in variables(dashboard).items()
                if variable["type"] == "query")


def links(dashboard):
    """The address of every data link, as (panel, address)."""
    for panel in panels(dashboard):
        config = panel["fieldConfig"]
        found = [*config["defaults"].get("links", [])]
        for override in config["overrides"]:
            found += [link for each in override["properties"] if each["id"] == "links" for link in each["value"]]
        yield from ((panel, link["url"]) for link in found)


def override(panel, name):
    """The properties that the panel gives its field of this name: id -> value."""
    return {each["id"]: each["value"] for one in panel["fieldConfig"]["overrides"]
            if one["matcher"] == {"id": "byName", "options": name} for each in one["properties"]}


def selectors(expression):
    """Every metric in a query, as (name, its matchers as {label: operator and value})."""
    for name, matchers in SELECTOR.findall(GROUPING.sub("", expression)):
        yield name, dict(re.findall(r'(\w+)(=~?"[^"]*")', matchers))


def documented():
    """The names of the families in docs/metrics.md."""
    with open(os.path.join(SOURCE, "docs", "metrics.md"), encoding="utf-8") as file:
        return set(re.findall(r"^\| `(\w+)`", file.read(), re.MULTILINE))


def _file(dashboard):
    wanted = {"schemaVersion": 42, "editable": True, "version": 1}
    for key, value in wanted.items():
        if dashboard.get(key) != value:
            yield f"{key} is not {value}"
    if dashboard.get("uid") not in UIDS:
        yield f"uid is none of {sorted(UIDS)}"
    if dashboard.get("id") is not None:
        yield "an id is another one in every Grafana"
    yield from (f"{key} is of an export for sharing" for key in dashboard if key.startswith("__"))


def _words(dashboard):
    for key in ("title", "description"):
        if not dashboard.get(key):
            yield f"no {key}"
    if "fedhealth" not in dashboard.get("tags", []):
        yield "no tag fedhealth"
    for panel in panels(dashboard):
        for key in ("title", "description"):
            if not panel.get(key):
                yield f"{panel.get('title')}: no {key}"
        if not panel["fieldConfig"]["defaults"].get("unit"):
            yield f"{panel.get('title')}: no unit"
    titles = [panel.get("title") for panel in panels(dashboard)]
    yield from (f"{title}: twice" for title in {each for each in titles if titles.count(each) > 1})


def _datasource(dashboard):
    sources = [each for each in dashboard["templating"]["list"] if each["type"] == "datasource"]
    if [(each["name"], each["query"]) for each in sources] != [("datasource", "prometheus")]:
        yield "not one variable `datasource` of Prometheus"
    queries = [each for each in dashboard["templating"]["list"] if each["type"] == "query"]
    for owner in [*queries, *panels(dashboard), *(target for _, target in targets(dashboard))]:
        if owner.get("datasource") != DATASOURCE:
            yield f"{owner.get('title') or owner.get('name') or owner.get('expr')}: not from $datasource"


def _selectors(dashboard):
    """Each metric is asked for by job and instance, as many of them as can be chosen. All jobs are those that the
    variable found: `.+` would be those of whatever else Prometheus scrapes."""
    everything = {"job": None, "instance": ".+"}
    for name in ("job", "instance"):
        variable = variables(dashboard).get(name)
        if not variable or variable["type"] != "query":
            yield f"no variable {name}"
            continue
        if variable["multi"] and variable.get("allValue") != everything[name]:
            yield f"{name}: All is not {everything[name] or 'what was found'}"
        wanted = ('=~"${}"' if variable["multi"] else '="${}"').format(name)
        for panel, target in targets(dashboard):
            for metric, matchers in selectors(target["expr"]):
                if matchers.get(name) != wanted:
                    yield f"{panel['title']} {target['refId']}: {metric} without {name}{wanted}"


def _ranges(dashboard):
    """Rates follow the scrape interval, everything else the time shown."""
    for owner, expression in expressions(dashboard):
        found = re.findall(r"(\w+) ?\(\w+\{[^}]*\}\[([^]]*)\]", expression)
        for function, inside in found:
            wanted = "$__rate_interval" if function in ("rate", "increase", "irate") else "$__range"
            if inside != wanted:
                yield f"{owner}: {function} over {inside}, not {wanted}"
        if re.sub(TEXT, "", expression).count("[") != len(found):
            yield f"{owner}: a range that is not a function's"


def _metrics(dashboard):
    known = documented()
    for owner, expression in expressions(dashboard):
        for metric in re.findall(r"\bfedhealth_\w+", expression):
            if metric not in known:
                yield f"{owner}: docs/metrics.md has no {metric}"


def _layout(dashboard):
    taken = {}
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(set(ids)) != len(ids):
        yield "two panels have the same id"
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        if at["x"] + at["w"] > 24:
            yield f"{panel['title']}: beyond the right edge"
        for cell in [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]:
            if taken.setdefault(cell, panel["id"]) != panel["id"]:
                yield f"{panel['title']}: upon another panel"
                break


def _links(dashboard):
    wanted = {"type": "dashboards", "tags": ["fedhealth"], "includeVars": True, "keepTime": True}
    if not any(wanted.items() <= link.items() for link in dashboard["links"]):
        yield "no links to the other dashboards"
    for panel, address in links(dashboard):
        uid = re.match(r"/d/([\w-]+)", address.replace("${__data.fields.kind}", "domain"))
        if uid and uid.group(1) not in UIDS:
            yield f"{panel['title']}: no dashboard {uid.group(1)}"
        if uid and not {"${datasource:queryparam}", "${__url_time_range}"} <= set(re.split("[?&]", address)):
            yield f"{panel['title']}: a link that loses data source or time"
        if not uid and not address.startswith("http://${"):
            yield f"{panel['title']}: a link to {address}"
        for field in re.findall(r"\$\{__data\.fields\.(\w+)", address):
            if override(panel, field).get("mappings"):
                yield f"{panel['title']}: the link gets the text that {field} is mapped to"


RULES = {
    "file": _file, "words": _words, "datasource": _datasource, "selectors": _selectors, "ranges": _ranges,
    "metrics": _metrics, "layout": _layout, "links": _links,
}
