"""The Grafana dashboards: they keep the rules of dashboards.py, are what Grafana's own types say, and every query of
theirs finds something in a Prometheus that scrapes agents on the lab."""

import copy
import filecmp
import json
import os
import re
import time

import pytest

from agent import SOURCE, Agent, folder_in, run, wait_for
from dashboards import FOLDER, NAMES, RULES, links, load, override, panels, targets, tidy, variables
from imp_nodes import Stage, imp_runs, node, with_rows
from lab import CASES
from lab.imp import DOMAIN
from prometheus import Prometheus
from snmp import Snmpd

DASHBOARDS = {name: load(name) for name in NAMES}


# --- rules

@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NAMES)
def test_rule(name, rule):
    assert not list(RULES[rule](DASHBOARDS[name]))


@pytest.mark.parametrize("name", NAMES)
def test_file(name):
    """As `python3 -m json.tool --indent 2 --no-ensure-ascii` writes it; the uid is that of the file."""
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        assert file.read() == tidy(DASHBOARDS[name])
    assert DASHBOARDS[name]["uid"] == f"fedhealth-{name.removesuffix('.json')}"


def _query(old, new):
    """Replaces in the first query that has it."""
    def damage(dashboard):
        target = next(target for _, target in targets(dashboard) if old in target["expr"])
        target["expr"] = target["expr"].replace(old, new, 1)
    return damage


def _variable(old, new):
    """Replaces in the query of the variable troubled_domains."""
    def damage(dashboard):
        query = variables(dashboard)["troubled_domains"]["query"]
        query["query"] = query["query"].replace(old, new)
    return damage


def _panel(**changes):
    return lambda dashboard: panels(dashboard)[0].update(changes)


# A damage to overview.json, and the rule that must say so; None: only Grafana's types do.
DAMAGES = {
    "old schema": ("file", lambda d: d.update(schemaVersion=36)),
    "no uid": ("file", lambda d: d.pop("uid")),
    "id": ("file", lambda d: d.update(id=7)),
    "inputs": ("file", lambda d: d.update(__inputs=[])),
    "no title": ("words", _panel(title="")),
    "no description": ("words", lambda d: panels(d)[1].pop("description")),
    "no unit": ("words", lambda d: panels(d)[1]["fieldConfig"]["defaults"].pop("unit")),
    "no tag": ("words", lambda d: d.update(tags=[])),
    "same title": ("words", lambda d: panels(d)[1].update(title=panels(d)[0]["title"])),
    "fixed data source": ("datasource", _panel(datasource={"type": "prometheus", "uid": "abc"})),
    "no data source variable": ("datasource", lambda d: d["templating"]["list"].pop(0)),
    "no job": ("selectors", _query('{job=~"$job",', "{")),
    "no instance": ("selectors", _query(',instance=~"$instance"', "")),
    "no matchers": ("selectors", _query('{job=~"$job",instance=~"$instance"}', "")),
    "equal to all": ("selectors", _query('instance=~"$instance"', 'instance="$instance"')),
    "all jobs there are": ("selectors", lambda d: variables(d)["job"].update(allValue=".+")),
    "no variable": ("selectors", lambda d: d["templating"]["list"].pop(1)),
    "fixed range": ("ranges", _variable("[$__range]", "[1h]")),
    "rate over all": ("ranges", _variable("count_over_time", "rate")),
    "bare range": ("ranges", _query("up{", "up[5m] + up{")),
    "misspelt": ("metrics", _query("fedhealth_check_reason_info", "fedhealth_check_reasons")),
    "overlap": ("layout", lambda d: panels(d)[1]["gridPos"].update(x=0)),
    "too wide": ("layout", lambda d: panels(d)[1]["gridPos"].update(w=24)),
    "same id": ("layout", lambda d: panels(d)[1].update(id=panels(d)[0]["id"])),
    "no links": ("links", lambda d: d.update(links=[])),
    "dead link": ("links", lambda d: next(link for panel in panels(d) for each in panel["fieldConfig"]["overrides"]
                                          for value in each["properties"] if value["id"] == "links"
                                          for link in value["value"]).update(url="/d/elsewhere")),
    "mapped link": ("links", lambda d: panels(d)[4]["fieldConfig"]["overrides"].append(
        {"matcher": {"id": "byName", "options": "kind"}, "properties": [{"id": "mappings", "value": [{}]}]})),
    "key": (None, lambda d: d.update(colour="red")),
    "type": (None, lambda d: d.update(refresh=60)),
    "panel's key": (None, _panel(titel="State")),
    "plugin": (None, _panel(type="graph")),
    "option": (None, lambda d: panels(d)[0]["options"].update(colorMode="rainbow")),
    "option's key": (None, lambda d: panels(d)[0]["options"].update(colourMode="value")),
    "field option": (None, lambda d: panels(d)[4]["fieldConfig"]["defaults"]["custom"].update(fillOpacity="much")),
    "override": (None, lambda d: panels(d)[4]["fieldConfig"]["overrides"].append(
        {"matcher": {"id": "byName", "options": "x"}, "properties": [{"id": "custom.colour", "value": "red"}]})),
}


def damaged(what):
    """overview.json with this damage."""
    dashboard = copy.deepcopy(DASHBOARDS["overview.json"])
    DAMAGES[what][1](dashboard)
    return dashboard


@pytest.mark.parametrize("what", [what for what, (rule, _) in DAMAGES.items() if rule])
def test_rule_bites(what):
    assert list(RULES[DAMAGES[what][0]](damaged(what)))


# --- Grafana's types

CHECKER = os.path.join(SOURCE, "tests", "dashboards")
MODULES = os.environ.get("FEDHEALTH_DASHBOARDS_NODE", os.path.join(SOURCE, "build", "dashboards-node"))


@pytest.fixture(scope="session", name="type_faults")
def _type_faults():
    """{name: what is wrong by Grafana's types} of the dashboards and of their damaged copies, in one go."""
    installed, wanted = os.path.join(MODULES, "installed"), os.path.join(CHECKER, "package.json")
    if not os.path.exists(installed) or not filecmp.cmp(installed, wanted, shallow=False):
        pytest.skip(f"the npm packages of tests/dashboards/package.json are not in {MODULES}")
    asked = {**DASHBOARDS, **{what: damaged(what) for what, (rule, _) in DAMAGES.items() if not rule}}
    done = run("node", os.path.join(CHECKER, "check.js"), MODULES, input=json.dumps(asked))
    assert done.returncode == 0, done.stderr
    return {name: [fault for each, fault in json.loads(done.stdout) if each == name] for name in asked}


@pytest.mark.parametrize("name", NAMES)
def test_types(type_faults, name):
    assert not type_faults[name]


@pytest.mark.parametrize("what", [what for what, (rule, _) in DAMAGES.items() if not rule])
def test_types_bite(type_faults, what):
    assert type_faults[what]


# --- the mixin

MIXIN = """local mixin = import 'mixin.libsonnet';
{ [key]: mixin[key] for key in ['grafanaDashboards', 'prometheusAlerts', 'prometheusRules'] }"""


def test_mixin(folder):
    """The dashboards and the rules as jsonnet imports them: all that stand in the files."""
    source = os.path.join(SOURCE, "dashboards")
    done = run("jsonnet", "-J", source, "-e", MIXIN)
    assert done.returncode == 0, done.stderr
    mixin = json.loads(done.stdout)
    assert mixin["grafanaDashboards"] == DASHBOARDS
    with open(os.path.join(source, "prometheus", "fedhealth.rules.yml"), encoding="utf-8") as file:
        lines = [line.strip().removeprefix("- ") for line in file]
    for key, kind in (("prometheusAlerts", "alert"), ("prometheusRules", "record")):
        names = [rule[kind] for group in mixin[key]["groups"] for rule in group["rules"]]
        assert sorted(names) == sorted(line.split(": ")[1] for line in lines if line.startswith(kind + ": "))
        path = os.path.join(folder, f"{key}.json")
        with open(path, "w", encoding="utf-8") as out:
            json.dump(mixin[key], out)
        done = run("promtool", "check", "rules", path)
        assert done.returncode == 0, done.stdout + done.stderr


# --- queries

PROMETHEUS = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: fedhealth
    static_configs:
      - targets: ["127.0.0.1:{}", "127.0.0.1:{}"]
  - job_name: other
    static_configs:
      - targets: ["127.0.0.1:1"]
"""
CHANGING = node("changing", control=with_rows("cm-2_s2scp-1.expe1-lab-test"))
UNREAD = node("unread", config={"control_center": {"url": "https://127.0.0.1:1/"}})  # is unknown, with nothing critical
SKIPPED = "starttls-and-direct.lab.test"  # it has two endpoints

# What nothing in the lab has, and what has the same labels and stands for it: stapled OCSP, TLSA records.
STANDS_FOR = {'test="revocation"': 'test="name"', 'test="dane"': 'test="name"'}
# Those that find something when nothing was heard of the agents for a minute.
LATER = {("agent.json", "Stale", "A")}
# All of each variable: what was found, unless it has a value for all.
ALL_JOBS = variables(DASHBOARDS["agent.json"])["job"].get("allValue", "fedhealth")
FILLED = {"$job": ALL_JOBS, "$instance": ".+", "$troubled_domains": ".+", "$troubled_nodes": ".+",
          "$__rate_interval": "10s", "$__range_s": "3600", "$__range": "1h"}


class Scene:
    """Two agents and a Prometheus that scrapes them. The session's agent has all of the lab; the other is a subagent of
    snmpd, looks each second, leaves an endpoint out, and sees the rows of its node change."""

    def __init__(self, lab, agent, folder, stage):
        self.lab, self.stage = lab, stage
        self.snmpd = Snmpd(folder_in(folder, "snmpd"), os.path.join(folder, "agentx"))
        self.other = Agent(folder_in(folder, "agent"), self._write_config, interval="1s",
                           agentx_socket=os.path.join(folder, "agentx"))
        self.prometheus = Prometheus(os.path.join(folder, "prometheus"),
                                     PROMETHEUS.format(agent.port, self.other.port))
        self.servers = [self.snmpd, self.other, self.prometheus]
        self.jobs = ["fedhealth"]
        self.instances = [f"127.0.0.1:{each.port}" for each in (self.other, agent)]
        self.domains = [case["domain"] for case in CASES]
        self.nodes = [CHANGING["name"], UNREAD["name"], *(each["name"] for each in lab.imp.configs())]

    def _write_config(self, path, **config):
        self.stage.write_config(path, domains=["healthy.lab.test", SKIPPED], **config)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as out:
            out.write(text.replace("agent:\n", "agent:\n  max_endpoints: 1\n", 1))
        return path

    def settle(self):
        """Waits for first rounds, then changes the node's rows and waits until Prometheus has what came of it."""
        self.other.first_round_done()
        self.stage.change("changing", with_rows("cm-3_s2scp-1.expe2-lab-test"))
        runs = imp_runs(self.other.scrape(), CHANGING["name"])
        wait_for("Prometheus has more rounds", lambda: self.prometheus.query(
            f'fedhealth_imp_check_runs_total{{node="{CHANGING["name"]}"}} > {runs} + 2'))
        wait_for("both agents are up", lambda: len(self.prometheus.query("up == 1")) == 2)

    def troubled(self, kind, label):
        """The domains or nodes that had a check critical or warning."""
        return {labels[label] for labels, _ in self.prometheus.query(
            f'count_over_time(fedhealth_{kind}_reason_info{{status=~"critical|warning"}}[1h])')}

    def stop(self):
        """Ends what it began."""
        for server in reversed(self.servers):
            server.stop()

    def filled(self, expression):
        """The expression with all agents chosen, and each domain or node in turn."""
        for name, value in {**FILLED, **STANDS_FOR}.items():
            expression = expression.replace(name, value)
        if "$domain" in expression:
            return [expression.replace("$domain", each) for each in self.domains]
        if "$node" in expression:
            return [expression.replace("$node", each) for each in self.nodes]
        return [expression]

    def rows(self, target, expression, later):
        """What the query finds, as Grafana asks: at once or over the time shown."""
        end = time.time() + later
        if target["range"]:
            return self.prometheus.api("query_range", query=expression, start=end - 10, end=end, step=1)["result"]
        return self.prometheus.api("query", query=expression, time=end)["result"]


@pytest.fixture(scope="module", name="scene")
def _scene(lab, agent, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("dashboards"))
    with Stage(lab, folder, [CHANGING, UNREAD]) as stage:
        scene = Scene(lab, agent, folder, stage)
        try:
            scene.settle()
            yield scene
        finally:
            scene.stop()


QUERIES = [(name, panel["title"], target) for name, dashboard in DASHBOARDS.items()
           for panel, target in targets(dashboard)]


@pytest.mark.parametrize("name, title, target", QUERIES,
                         ids=[f"{name} {title} {target['refId']}" for name, title, target in QUERIES])
def test_query(scene, name, title, target):
    later = 60 if (name, title, target["refId"]) in LATER else 0
    wait_for("rows", lambda: any(scene.rows(target, each, later)
                                 for each in scene.filled(target["expr"])))


def found_of(scene, expression, instance=".+"):
    """What an instant query finds for the domain that both agents have, asking all of them or one: {labels: value}."""
    for name, value in {**FILLED, "$instance": instance, "$domain": SKIPPED}.items():
        expression = expression.replace(name, value)
    return {frozenset(labels.items()): value for labels, value in scene.prometheus.query(expression)}


@pytest.mark.parametrize("title, target", [(title, target) for name, title, target in QUERIES if name == "domain.json"
                                           and title != "Reasons" and not target["range"]],
                         ids=lambda each: each["refId"] if isinstance(each, dict) else each)
def test_two_agents(scene, title, target):
    """What is shown of a domain that two agents watch is what one of them says, not their sum. Reasons counts both."""
    now = time.time() - 2  # what was scraped by then does not change any more
    expression = re.sub(r"(fedhealth_\w+\{[^}]*\})", rf"\1 @ {now}", target["expr"].replace("time()", str(now)))
    each = [row for instance in scene.instances for row in found_of(scene, expression, instance).items()]
    assert not [row for row in found_of(scene, expression).items() if row not in each], title


def test_problems(scene):
    """Each domain and node that is not well is told of, and no other."""
    problems = next(target["expr"] for _, title, target in QUERIES if title == "Problems")
    bad = " or ".join(f'fedhealth_{kind}_state{{fedhealth_{kind}_state!="ok"}} == 1' for kind in ("domain", "imp"))
    wait_for("the same names", lambda: {dict(labels)["name"] for labels in found_of(scene, problems)} == {
        labels.get("domain") or labels["node"] for labels, _ in scene.prometheus.query(bad)})


def test_only_agents(scene):
    """What else Prometheus scrapes is in none of the dashboards."""
    down = next(target["expr"] for _, title, target in QUERIES if title == "Agents down")
    wait_for("no agent is down", lambda: list(found_of(scene, down).values()) == [0])
    for name, title, target in QUERIES:
        if name == "agent.json":
            found = {dict(labels).get("instance") for labels in found_of(scene, target["expr"])}
            assert found <= {None, *scene.instances}, title


TABLES = [(name, panel) for name in NAMES for panel in panels(DASHBOARDS[name]) if panel["type"] == "table"]


@pytest.mark.parametrize("name, panel", TABLES, ids=[f"{name} {panel['title']}" for name, panel in TABLES])
def test_columns(scene, name, panel):
    """Each column of a table has its place and a heading, or is left out; and no other is spoken of."""
    later = 60 if (name, panel["title"], "A") in LATER else 0
    several = len(panel["targets"]) > 1
    organize = panel["transformations"][-1]["options"]

    def columns():
        return {"Time", *(f"Value #{target['refId']}" if several else "Value" for target in panel["targets"]),
                *(label for target in panel["targets"] for each in scene.filled(target["expr"])
                  for row in scene.rows(target, each, later) for label in row["metric"])}

    shown = set(organize["indexByName"])
    wait_for("the columns", lambda: columns() == shown | set(organize["excludeByName"]))
    assert not shown & set(organize["excludeByName"])
    headings = {each: override(panel, each).get("displayName") for each in shown}
    assert all(headings.values()), headings
    assert {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]} == shown
    assert {each["displayName"] for each in panel["options"].get("sortBy", [])} <= set(headings.values())
    for address in (address for owner, address in links(DASHBOARDS[name]) if owner is panel):
        assert set(re.findall(r"__data\.fields\.(\w+)", address)) <= shown


def test_exceptions_exist():
    known = {(name, title, target["refId"]) for name, title, target in QUERIES}
    assert known >= LATER


def values_of(scene, variable):
    """What Grafana offers for a variable, with the last domain and node chosen."""
    asked = scene.filled(variable["query"]["query"])[-1]
    kind, inside = re.fullmatch(r"(\w+)\((.+)\)", asked).groups()
    if kind == "query_result":
        series = scene.prometheus.api("query", query=inside)["result"]
        texts = ["{%s}" % ",".join(f'{name}="{value}"' for name, value in each["metric"].items()) for each in series]
        return {re.search(variable["regex"].strip("/"), text).group(1) for text in texts}
    assert kind == "label_values"
    selector, label = inside.rsplit(", ", 1)
    return set(scene.prometheus.api(f"label/{label}/values", **{"match[]": selector}))


VARIABLES = [(name, variable) for name in NAMES for variable in variables(DASHBOARDS[name]).values()
             if variable["type"] == "query"]


@pytest.mark.parametrize("name, variable", VARIABLES, ids=[f"{name} {each['name']}" for name, each in VARIABLES])
def test_variable(scene, name, variable):
    """Offers every value there is."""
    chosen = re.search(r"\$(domain|node)\b", variable["query"]["query"])
    wait_for("every value", lambda: values_of(scene, variable) == set({
        "job": scene.jobs, "instance": scene.instances[-1:] if chosen else scene.instances, "domain": scene.domains,
        "node": scene.nodes, "troubled_domains": scene.troubled("check", "domain"),
        "troubled_nodes": scene.troubled("imp_check", "node")}[variable["name"]]))


@pytest.mark.parametrize("address", sorted({address for dashboard in DASHBOARDS.values()
                                            for _, address in links(dashboard) if address.startswith("http://")}))
def test_page(agent, address):
    """The agent has the pages that are linked to."""
    path = re.sub(r"^http://\$\{[\w.]*\binstance\}", "", address)
    for kind, name in (("domain", "healthy.lab.test"), ("imp", f"healthy.{DOMAIN}")):
        if f"/{kind}/" in path or ".kind}" in path:
            page = re.sub(r"\$\{[\w.]*\b(domain|node|name)\}", name, path.replace("${__data.fields.kind}", kind))
            assert agent.request(page)[0].status == 200, page
