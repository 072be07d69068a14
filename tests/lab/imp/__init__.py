"""Servers that look like Cisco IM and Presence nodes, in one Node process: AXL by two SOAP libraries that are not ours
on Cisco's own WSDL, a Control Center, and the Notifications page behind a form login. nodes.js says what it reads and
writes.

The libraries and the WSDL come from npm: `./quickstart` puts them where MODULES says. Nothing of them is in this tree.
"""

import copy
import filecmp
import json
import os
import shutil
import socket

from ..server import Server, free_port

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
MODULES = os.environ.get("FEDHEALTH_LAB_NODE", os.path.join(SOURCE, "build", "lab-node"))
SCHEMA = os.path.join(MODULES, "node_modules", "cisco-axl", "schema")

DOMAIN = "imp.lab.test"  # every name below it leads to 127.0.0.1
ACCOUNT, PASSWORD = "fedhealth", "correct horse"
CP_ID = "cm-2_s2scp-1.eft-xwye-a-coluc-com"
ROW = {"pkid": "5e4a0c4c-3e0e-4f9a-8b0f-0c9a9d1f2b11", "cp_id": CP_ID}

CONTROL = {
    "accounts": {ACCOUNT: {"password": PASSWORD}},
    "axl": {"version": "12.5.1.11900-117", "tables": {"xmpps2snode": [ROW]}},
    "control_center": {"status": "Started", "up_time": 864000},
    "page": {"rows": []},
}


def lacking():
    """Why this machine cannot have the nodes, or None."""
    if not shutil.which("node"):
        return "There is no Node.js (package nodejs)."
    installed = os.path.join(MODULES, "installed")
    if not os.path.exists(installed) or not filecmp.cmp(installed, os.path.join(HERE, "package.json"), shallow=False):
        return f"The npm packages of tests/lab/imp/package.json are not in {MODULES}."
    return None


def merge(base, changes):
    """A copy of base with the changes put in, map by map; None takes a key out."""
    merged = copy.deepcopy(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def restart_row(node, created="Jan 5, 2015 3:10:43 PM"):
    """The notification that asks for a restart of this node's XCP Router, as Cisco words it, its
    link as HTML."""
    return {"severity": "Warning", "count": 5, "origin": "Cisco XCP Config Manager", "created": created,
            "description": f"Cisco XCP Router : ({node}) requires a restart in order for recent configuration changes "
                           'to take effect. You can restart this service <a href="#">here</a> . Once the service is '
                           "restarted, this notification will be deleted automatically."}


def read_lines(path):
    """The lines of JSON in a file that may not be there yet."""
    try:
        with open(path, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except FileNotFoundError:
        return []


def write_secret(path, text):
    """Writes a password file, as whole as a reader may find it. Returns the path."""
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text + "\n")
    os.replace(path + ".new", path)
    return path


class ImpNodes(Server):
    """The nodes, each a map: name, control (what differs from CONTROL) and, where they differ from these, dialect
    ("soap"), versions (["12.5"]), supported (the words of HTTP 599), files ((chain, key) of `files`). Their addresses
    are 127.0.0.1:`ports`[name]. `wait` as for Server."""

    ready_timeout = 120  # each version of the schema is 4 MB to be read, by each library

    def __init__(self, folder, nodes, files, wait=True):
        self.folder = folder
        self.ports = {node["name"]: free_port() for node in nodes}
        self._controls = {}
        settings = {"modules": MODULES, "folder": folder, "nodes": []}
        for node in nodes:
            name = node["name"]
            versions = node.get("versions", ["12.5"])
            chain, key = node.get("files", files)
            self._controls[name] = merge(CONTROL, node.get("control", {}))
            self._write(name)
            settings["nodes"].append({
                "name": name, "port": self.ports[name], "certificate": chain, "key": key, "versions": versions,
                "dialect": node.get("dialect", "soap"), "control": self._control_file(name),
                "supported": node.get("supported", " and ".join(versions))})
        path = os.path.join(folder, "settings.json")
        with open(path, "w", encoding="utf-8") as out:
            json.dump(settings, out)
        super().__init__("IM&P nodes", folder, ["node", os.path.join(HERE, "nodes.js"), path], ImpNodes._listen,
                         wait=wait)

    def _listen(self):
        for port in self.ports.values():
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True

    def _control_file(self, name):
        return os.path.join(self.folder, name + ".control")

    def _write(self, name):
        path = self._control_file(name)
        with open(path + ".new", "w", encoding="utf-8") as out:
            json.dump(self._controls[name], out)
        os.replace(path + ".new", path)

    def change(self, name, changes):
        """What the node answers from now on: as before, but for these."""
        self._controls[name] = merge(self._controls[name], changes)
        self._write(name)

    def url(self, name, path, host=None):
        """An address at this node."""
        return f"https://{host or name}:{self.ports[name]}{path}"

    def config(self, name, secrets, changes=(), password=PASSWORD):
        """The node's entry in the agent's configuration, with its three services; every password becomes a file in the
        folder `secrets`."""
        entry = {
            "name": name,
            "axl": {"url": self.url(name, "/axl/"), "version": "12.5", "username": ACCOUNT, "password": password},
            "control_center": {"url": self.url(name, "/controlcenterservice2/services/ControlCenterServices")},
            "notifications": {"page": {"url": self.url(name, "/cupadmin/notificationsFindList.do")}},
        }
        return hide_passwords(merge(entry, dict(changes)), os.path.join(secrets, name))

    def logins(self, **wanted):
        """The login attempts so far, or those with these values: node, service, account, accepted."""
        attempts = read_lines(os.path.join(self.folder, "logins.jsonl"))
        return [each for each in attempts if wanted.items() <= each.items()]

    def requests(self):
        """What AXL was asked so far: node, path, file (the body), method, soap_action, content_type, session."""
        return read_lines(os.path.join(self.folder, "requests.jsonl"))

    def violations(self):
        """What was asked that no agent may ask."""
        return read_lines(os.path.join(self.folder, "violations.jsonl"))


def hide_passwords(value, prefix):
    """The same with a password_file in the place of every password."""
    if isinstance(value, list):
        return [hide_passwords(each, f"{prefix}-{number}") for number, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    hidden = {key: hide_passwords(each, f"{prefix}-{key}") for key, each in value.items() if key != "password"}
    if "password" in value:
        hidden["password_file"] = write_secret(prefix + ".password", value["password"])
    return hidden
