"""Scripted HTTPS servers in the place of IM and Presence nodes, for what no honest one would answer. A script is called
with the Talk and the Request, for each request that a case is about; what it does not do itself, Talk does."""

import contextlib
import dataclasses
import os
import socket
import ssl
import threading
import time
import zlib

from lab.imp import DOMAIN, write_secret

PATIENCE = 60  # seconds; no agent under test is meant to stay so long
AXL = "/axl/"
CONTROL_CENTER = "/controlcenterservice2/services/ControlCenterServices"
PAGE = "/cupadmin/notifications.do"
PASSWORD = "Hush-7f3a9c-not-to-be-seen"
XML = "text/xml; charset=utf-8"
HTML = "text/html; charset=utf-8"


class Hung(Exception):
    """The client hung up."""


@dataclasses.dataclass
class Request:
    """One request, with names of headers in lower case."""
    method: str
    path: str
    headers: dict
    body: bytes


class Talk:
    """One connection, after its TLS handshake. `state` is the case's own, for all its connections."""

    def __init__(self, connection, state):
        self.connection = connection
        self.state = state
        self._read = b""

    def _more(self):
        piece = self.connection.recv(65536)
        if not piece:
            raise Hung
        self._read += piece

    def read(self):
        """The next Request."""
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, self._read = self._read.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(self._read) < length:
            self._more()
        body, self._read = self._read[:length], self._read[length:]
        method, path, _ = first.split(" ", 2)
        return Request(method, path, headers, body)

    def send(self, raw):
        """Sends bytes as they are."""
        self.connection.sendall(raw)

    def reply(self, body, status="200 OK", kind=XML, length=None, headers=()):
        """A whole reply, unless `length` is another than the body's."""
        body = body if isinstance(body, bytes) else body.encode()
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}",
                 f"Content-Length: {len(body) if length is None else length}", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def stream(self, pieces, kind=XML, headers=()):
        """A reply in chunks, without its end."""
        lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", "Transfer-Encoding: chunked", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        for piece in pieces:
            self.send(b"%x\r\n%s\r\n" % (len(piece), piece))

    def end(self):
        """Ends the connection in order."""
        self.connection.shutdown(socket.SHUT_WR)
        raise Hung


def envelope(inside):
    """A SOAP envelope."""
    return f"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>{inside}</s:Body></s:Envelope>"


def response(inside):
    """A reply to executeSQLQuery with this in <return>."""
    return envelope("<a:executeSQLQueryResponse xmlns:a='http://www.cisco.com/AXL/API/12.5'>"
                    f"<return>{inside}</return></a:executeSQLQueryResponse>")


def row(cp_id="cm-2_s2scp-1.expe1-lab-test", pkid="00000000-0000-4000-8000-000000000001"):
    """One row of the table."""
    return f"<row><pkid>{pkid}</pkid><cp_id>{cp_id}</cp_id></row>"


def fault(message, code="-217"):
    """A SOAP fault as AXL has them."""
    return envelope(f"<s:Fault><faultcode>s:Server</faultcode><faultstring>{message}</faultstring><detail><axlError>"
                    f"<axlcode>{code}</axlcode><axlmessage>{message}</axlmessage></axlError></detail></s:Fault>")


GOOD = response(row())
NO_VERSION = fault("Version not found", "5000")

# Scripts.


def say(body, **options):
    """This reply, to every request."""
    return lambda talk, request: talk.reply(body, **options)


def say_raw(raw):
    """These bytes, and the end."""
    def script(talk, request):
        del request
        talk.send(raw)
        talk.end()
    return script


def say_rows(inside):
    """A good reply with these rows."""
    return say(response(inside))


def stream(pieces, **options):
    """These pieces in chunks, and then the last chunk; `pieces` makes an iterator."""
    def script(talk, request):
        del request
        talk.stream(pieces(), **options)
        talk.send(b"0\r\n\r\n")
    return script


def slowly(text, seconds):
    """A good head, and then a byte at a time."""
    def script(talk, request):
        del request
        talk.reply(b"", length=len(text))
        for byte in text.encode():
            talk.send(bytes([byte]))
            time.sleep(seconds)
    return script


def silence(talk, request):
    """Nothing, for as long as the client stays."""
    del request
    talk.connection.recv(1)


def compressed(text, encoding="gzip", cut=None):
    """The reply as gzip has it, or no more than its first bytes."""
    packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    packed = packer.compress(text if isinstance(text, bytes) else text.encode()) + packer.flush()
    return say(packed[:cut], headers=[f"Content-Encoding: {encoding}"])


class HostileNodes:
    """Servers for some cases on free ports of 127.0.0.1. `contexts` maps the names of certificates to ssl.SSLContext,
    or to None for no TLS. What reached them is in `seen`: case name -> [Request]."""

    def __init__(self, cases, contexts):
        self.cases = cases
        self.contexts = contexts
        self.ports = {}
        self.seen = {case.name: [] for case in cases}
        self.states = {case.name: {} for case in cases}
        self._held = contextlib.ExitStack()
        self._open = set()
        self._lock = threading.Lock()

    def __enter__(self):
        for case in self.cases:
            listener = self._held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
            self.ports[case.name] = listener.getsockname()[1]
            if case.certificate is None:
                listener.close()  # nobody listens
                continue
            threading.Thread(target=self._accept, args=(listener, case), daemon=True).start()
        return self

    def __exit__(self, *exception):
        self._held.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener, case):
        with contextlib.suppress(OSError):  # the listener is closed at the end
            for number in range(1 << 30):
                connection = listener.accept()[0]
                names = case.certificate if isinstance(case.certificate, tuple) else (case.certificate,)
                context = self.contexts[names[min(number, len(names) - 1)]]
                threading.Thread(target=self._serve, args=(connection, context, case), daemon=True).start()

    def _serve(self, connection, context, case):
        connection.settimeout(PATIENCE)
        with self._lock:
            self._open.add(connection)
        try:
            if context is None:
                connection.recv(1)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                return
            connection = context.wrap_socket(connection, server_side=True)
            talk = Talk(connection, self.states[case.name])
            while True:
                request = talk.read()
                self.seen[case.name].append(request)
                self._answer(talk, request, case)
        except (Hung, OSError, ValueError):
            pass
        finally:
            connection.close()

    @staticmethod
    def _answer(talk, request, case):
        if request.path == AXL and case.about == AXL and b"getCCMVersion" in request.body:
            talk.reply(NO_VERSION, status="500 Internal Server Error")  # what no check depends on
        elif request.path == AXL and case.about != AXL:
            talk.reply(GOOD)
        elif request.path == CONTROL_CENTER and case.about != CONTROL_CENTER:
            talk.reply(fault("not here"), status="500 Internal Server Error")
        else:
            case.script(talk, request)

    def config(self, case, secrets):
        """The case's node in an agent's configuration, with an account of its own."""
        name = f"{case.name}.{DOMAIN}"
        host = case.host or name
        url = f"https://{host}:{self.ports[case.name]}"
        secret = write_secret(os.path.join(secrets, case.name + ".password"), PASSWORD)
        entry = {"name": name, "axl": {"url": url + AXL, "version": "12.5", "username": case.name,
                                       "password_file": secret, **case.config}}
        if case.about == CONTROL_CENTER:
            entry["control_center"] = {"url": url + CONTROL_CENTER}
        if case.about == PAGE:
            entry["notifications"] = {"page": {"url": url + PAGE}}
        return entry
