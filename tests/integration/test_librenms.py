"""dashboards/librenms: LibreNMS is not in Debian; the files are read as it reads them, with the MIB and the agent."""

import os
import re

import yaml

from agent import SOURCE, run
from lab import CASES, IMP_CASES
from snmp import MIB_FOLDERS, ROOT, STATES, environment, walk, walk_names

FOLDER = os.path.join(SOURCE, "dashboards", "librenms")
GENERIC = {0: "ok", 1: "warning", 2: "critical", 3: "unknown"}  # LibreNMS' own states


def read(part):
    with open(os.path.join(FOLDER, part, "fedhealth.yaml"), encoding="utf-8") as text:
        return yaml.safe_load(text)


def translate(name, folder, *options):
    """What snmptranslate says of an object of the MIB."""
    done = run("snmptranslate", "-M", ":".join(MIB_FOLDERS), "-m", "FEDHEALTH-MIB", *options, f"FEDHEALTH-MIB::{name}",
               env=environment(folder))
    assert done.returncode == 0, f"{name}: {done.stderr}"
    return done.stdout


def numbers(name, folder):
    return translate(name, folder, "-On").strip()


def sensors():
    """Every sensor, with its class."""
    parts = read("os_discovery")["modules"]["sensors"]
    return [(kind, sensor) for kind, part in parts.items() for sensor in part["data"]]


def test_the_agent_is_recognised(agent, folder):
    found = read("os_detection")
    (rule,) = found["discovery"]
    (prefix,) = rule["sysObjectID"]
    assert found["os"] == "fedhealth"
    assert ("." + walk(agent.snmp_port, folder, "1.3.6.1.2.1.1")["2.0"].strip(".")).startswith(prefix)
    version = read("os_discovery")["modules"]["os"]["version"].removeprefix("FEDHEALTH-MIB::")
    assert numbers(version, folder) == f".{ROOT}.1.1.1.0"


def test_every_object_is_in_the_mib(folder):
    assert read("os_discovery")["mib"] == "FEDHEALTH-MIB"
    for _, sensor in sensors():
        value = sensor.get("value", sensor["oid"])
        assert sensor["num_oid"] == numbers(value, folder) + ".{{ $index }}"
        assert sensor["index"] == value + ".{{ $index }}"
        assert numbers(value, folder).startswith(numbers(sensor["oid"], folder))


def test_states_are_those_of_the_mib(folder):
    states = [sensor for kind, sensor in sensors() if kind == "state"]
    assert {sensor["value"] for sensor in states} == {"fhDomainState", "fhImpState"}
    for sensor in states:
        syntax = re.search(r"INTEGER \{(.*)\}", translate(sensor["value"], folder, "-Td"))[1]
        assert {int(number): word for word, number in re.findall(r"(\w+)\((\d+)\)", syntax)} == STATES
        assert {each["value"]: each["descr"] for each in sensor["states"]} == STATES
        assert all(GENERIC[each["generic"]] == each["descr"] for each in sensor["states"])


def test_sensors_of_the_lab(agent, folder):
    """What would be discovered: each with a name of its own, and the value that the agent gives."""
    values = walk(agent.snmp_port, folder)
    found = {}
    for kind, sensor in sensors():
        rows = {}
        for name, index, text in walk_names(agent.snmp_port, folder, sensor["oid"]):
            rows.setdefault(index, {})[name] = text
        assert rows, sensor["oid"]
        for index, row in rows.items():
            description = re.sub(r"\{\{ \$(\w+) \}\}", lambda name: row[name[1]], sensor["descr"])
            oid = sensor["num_oid"].replace("{{ $index }}", index).removeprefix(f".{ROOT}.")
            found[(kind, sensor["group"], description)] = int(values[oid])
    assert {(group, name): STATES[value] for (kind, group, name), value in found.items() if kind == "state"} == {
        **{("Domains", case["domain"]): case["state"] for case in CASES},
        **{("IM and Presence nodes", case["name"]): case["state"] for case in IMP_CASES}}
    states = [case["state"] for case in CASES]
    for state in STATES.values():
        assert found[("count", "Domains", f"Domains in state {state}")] == states.count(state)
