"""Debian's Zabbix: PostgreSQL, the frontend (for its API) and the server, each in a folder of its own, on loopback."""

import gzip
import json
import os
import pwd
import re
import shutil
import subprocess
import time
import urllib.request

from agent import LONG_WAIT
from lab.server import Server, free_port

BIN = "/usr/lib/postgresql/15/bin"
SQL = "/usr/share/zabbix-server-pgsql"
NEEDED = "role|role_rule|users|usrgrp|users_groups|hstgrp|config"  # of the data that come with it; most is templates

PHP_CONFIG = """<?php
$DB['TYPE'] = 'POSTGRESQL'; $DB['SERVER'] = '%s'; $DB['PORT'] = '5432'; $DB['DATABASE'] = 'postgres';
$DB['USER'] = 'zabbix'; $DB['PASSWORD'] = ''; $DB['SCHEMA'] = ''; $DB['ENCRYPTION'] = false;
$DB['DOUBLE_IEEE754'] = true; $ZBX_SERVER_NAME = ''; $IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
"""

SERVER_CONFIG = """
DBHost={socket}
DBName=postgres
DBUser=zabbix
LogType=console
PidFile={folder}/pid
SocketDir={folder}
ListenIP=127.0.0.1
ListenPort={port}
AllowRoot=1
CacheUpdateFrequency=1
StartPollers=4
StartPollersUnreachable=1
StartDiscoverers=0
StartHTTPPollers=0
StartSNMPTrapper=1
SNMPTrapperFile={folder}/traps
"""


class Postgres(Server):
    """A database with Zabbix's tables, at a unix socket in `folder`, which others must be able to enter. As root it
    runs as the user postgres, since it refuses root."""

    def __init__(self, folder):
        self.folder = folder
        user = []
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            user = ["setpriv", "--reuid", str(owner.pw_uid), "--regid", str(owner.pw_gid), "--clear-groups"]
        data = os.path.join(folder, "data")
        subprocess.run([*user, f"{BIN}/initdb", "-D", data, "-U", "zabbix", "-A", "trust", "-E", "UTF8", "--no-locale",
                        "-N"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        settings = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off",
                    "synchronous_commit": "off", "shared_buffers": "32MB"}
        super().__init__("postgres", folder, [*user, f"{BIN}/postgres", "-D", data,
                                              *(f"--{key}={value}" for key, value in settings.items())],
                         lambda server: self.sql("select 1").returncode == 0)
        self.load()

    def sql(self, text):
        """Runs it in one transaction."""
        return subprocess.run(["psql", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "zabbix",
                               "postgres"], input=text, text=True, check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)

    def load(self):
        """The tables, and of what they come with the users and groups."""
        with gzip.open(f"{SQL}/schema.sql.gz", "rt", encoding="utf-8") as schema:
            done = self.sql(schema.read())
        assert done.returncode == 0, done.stderr
        with gzip.open(f"{SQL}/data.sql.gz", "rt", encoding="utf-8") as data:
            done = self.sql("".join(line for line in data if re.match(rf"INSERT INTO ({NEEDED}) .*;$", line)))
        assert done.returncode == 0, done.stderr


class Frontend(Server):
    """The API of a copy of the frontend, since the configuration's place stands in its source."""

    def __init__(self, folder, postgres):
        self.port = free_port()
        self._login = None
        web = os.path.join(folder, "web")
        shutil.copytree("/usr/share/zabbix", web, ignore=shutil.ignore_patterns("locale", "audio"))
        os.makedirs(os.path.join(web, "locale"))
        config = os.path.join(folder, "zabbix.conf.php")
        with open(config, "w", encoding="ascii") as out:
            out.write(PHP_CONFIG % postgres.folder)
        source = os.path.join(web, "include/classes/core/CConfigFile.php")
        with open(source, encoding="utf-8") as text:
            code = text.read()
        with open(source, "w", encoding="utf-8") as out:
            out.write(code.replace("'/etc/zabbix/zabbix.conf.php'", f"'{config}'"))
        super().__init__("zabbix frontend", folder, ["/usr/bin/php", "-S", f"127.0.0.1:{self.port}", "-t", web],
                         lambda server: self.call("apiinfo.version", {}))
        self._login = self.call("user.login", {"username": "Admin", "password": "zabbix"})

    def call(self, method, parameters):
        """The result of a call of the API."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters, "auth": self._login}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api_jsonrpc.php", json.dumps(body).encode(),
                                         {"Content-Type": "application/json-rpc"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.loads(response.read())
        assert "result" in answer, answer
        return answer["result"]


class ZabbixServer(Server):
    """What polls. Traps that snmptrapd's handler would write can be put into the file `traps`."""

    def __init__(self, folder, postgres):
        self.traps = os.path.join(folder, "traps")
        with open(self.traps, "w", encoding="ascii"):
            pass
        config = os.path.join(folder, "zabbix_server.conf")
        with open(config, "w", encoding="ascii") as out:
            out.write(SERVER_CONFIG.format(socket=postgres.folder, folder=folder, port=free_port()))
        super().__init__("zabbix_server", folder, ["/usr/sbin/zabbix_server", "-f", "-c", config],
                         lambda server: "server #0 started" in server.logged())


class Zabbix:
    """The three of them."""

    def __init__(self, folder):
        os.chmod(folder, 0o711)
        self.servers = []
        folders = {name: os.path.join(folder, name) for name in ("postgres", "frontend", "server")}
        for each in folders.values():
            os.mkdir(each)
        try:
            self.postgres = self._add(Postgres(folders["postgres"]))
            self.frontend = self._add(Frontend(folders["frontend"], self.postgres))
            self.server = self._add(ZabbixServer(folders["server"], self.postgres))
        except BaseException:
            self.stop()
            raise
        self.call = self.frontend.call

    def _add(self, server):
        self.servers.append(server)
        return server

    def import_template(self, text):
        """As a person would, with everything that is new or changed."""
        both = {"createMissing": True, "updateExisting": True}
        parts = ("groups", "templates", "items", "triggers", "discoveryRules", "valueMaps")
        assert self.call("configuration.import",
                         {"format": "yaml", "source": text, "rules": {part: both for part in parts}}) is True

    def create_host(self, name, template, snmp_port):
        """A host with an SNMP interface and the template; its id."""
        (found,) = self.call("template.get", {"filter": {"host": template}})
        login = {"version": 2, "bulk": 1, "community": "public"}
        interface = {"type": 2, "main": 1, "useip": 1, "ip": "127.0.0.1", "dns": "", "port": str(snmp_port),
                     "details": login}
        return self.call("host.create", {"host": name, "groups": [{"groupid": "2"}], "interfaces": [interface],
                                         "templates": [{"templateid": found["templateid"]}]})["hostids"][0]

    def execute_now(self, items):
        """Has these items or rules polled, which would else be within a minute or their delay."""
        self.call("task.create", [{"type": 6, "request": {"itemid": item["itemid"]}} for item in items])

    def poll_until(self, items, happened):
        """Has them polled until something has happened: some ten seconds on an idle machine. The server knows new items
        only after a while, so it is asked again and again."""
        asked = began = time.monotonic()
        self.execute_now(items)
        while not happened():
            now = time.monotonic()
            assert now < began + LONG_WAIT, f"not within {LONG_WAIT} s"
            if now > asked + 5:
                self.execute_now(items)
                asked = time.monotonic()
            time.sleep(0.5)

    def stop(self):
        """Ends all."""
        for server in reversed(self.servers):
            server.stop()
