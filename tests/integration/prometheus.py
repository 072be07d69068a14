"""Prometheus and Alertmanager, and who receives the alerts: real ones, each in a folder of its own."""

import http.server
import json
import os
import threading
import urllib.parse
import urllib.request

from lab.server import Server, free_port


def _get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        return response.read()


class _Configured(Server):
    """A program of Prometheus' on this configuration (text), with its folder as that of relative paths."""

    def __init__(self, folder, program, config, flags):
        self.port = free_port()
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{self.NAME}.yml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(config)
        super().__init__(self.NAME, folder, [program, f"--config.file={path}",
                                             f"--web.listen-address=127.0.0.1:{self.port}", *flags],
                         _Configured._ready)

    def _ready(self):
        return bool(_get(self.port, "/-/ready"))


class Prometheus(_Configured):
    """Scrapes, and evaluates rules."""

    NAME = "prometheus"

    def __init__(self, folder, config, flags=()):
        super().__init__(folder, "/usr/bin/prometheus", config, [f"--storage.tsdb.path={folder}/data", *flags])

    def api(self, path, **parameters):
        """What the API answers as data."""
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        return json.loads(_get(self.port, f"/api/v1/{path}{query}"))["data"]

    def query(self, expression):
        """The instant vector as a list of (labels, value)."""
        return [(each["metric"], float(each["value"][1]))
                for each in self.api("query", query=expression)["result"]]

    def alerts(self, state="firing"):
        """The alerts in this state, each with labels and annotations."""
        return [each for each in self.api("alerts")["alerts"] if each["state"] == state]


class Alertmanager(_Configured):
    """Runs by itself, without a cluster."""

    NAME = "alertmanager"

    def __init__(self, folder, config):
        super().__init__(folder, "/usr/bin/prometheus-alertmanager", config,
                         [f"--storage.path={folder}/data", "--cluster.listen-address="])

    def alerts(self):
        """What it holds now."""
        return json.loads(_get(self.port, "/api/v2/alerts"))


class Webhook:
    """Receives what Alertmanager sends; `received` has the bodies in order."""

    def __init__(self):
        self.received = received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            """Keeps each body."""

            def do_POST(self):  # noqa: N802 (the library's name)
                """Alertmanager's way."""
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments):
                """Nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def alerts(self):
        """All alerts of all bodies."""
        return [alert for body in self.received for alert in body["alerts"]]

    def stop(self):
        """Listens no more."""
        self._server.shutdown()
        self._server.server_close()
