"""A DNS server that says what a table tells it to, however wrong: UDP and TCP on one port of 127.0.0.1.

The table maps a name to a reply, a function that gets a Question and returns the messages to send. All names that it
does not have do not exist (NXDOMAIN).
"""

import dataclasses
import selectors
import socket
import struct
import threading

from lab.server import free_port

A, CNAME, AAAA, SRV, TLSA = 1, 5, 28, 33, 52
NXDOMAIN, SERVFAIL, FORMERR, NOTIMP, REFUSED = 3, 2, 1, 4, 5
ASKED = b"\xc0\x0c"  # a pointer to the name in the question
RESPONSE, TRUNCATED, AUTHENTIC = 0x8180, 0x0200, 0x20  # with RD and RA
TTL = 60


@dataclasses.dataclass
class Question:
    """What was asked, and of which entry of the table: the domain, and the port its peer listens on."""
    ident: bytes
    section: bytes
    name: str
    type: int
    tcp: bool
    domain: str = ""
    port: int = 0

    def header(self, rcode=0, answers=0, flags=RESPONSE):
        """A message up to and with its question section; the records follow."""
        return self.ident + struct.pack(">5H", flags | rcode, 1, answers, 0, 0) + self.section


class Unframed(bytes):
    """Over TCP: sent without a length before it."""


HANG_UP = Unframed()  # over TCP: ends the connection


def encode(name):
    """A name in wire form, without compression. Its labels may be bytes: then a list of them."""
    labels = [label.encode() for label in name.split(".") if label] if isinstance(name, str) else name
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def decode(message, at):
    """The uncompressed name at this place, in lower case, and where it ends."""
    labels = []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1").lower())
        at += message[at] + 1
    return ".".join(labels), at + 1


def record(kind, data, owner=ASKED, length=None):
    """One resource record; `length` is a lie about its data."""
    return owner + struct.pack(">2HIH", kind, 1, TTL, len(data) if length is None else length) + data


# Records of an answer: functions of the question, giving (type, owner or None for the name asked for, data).

def srv(target=None, port=None, priority=0):
    """By default the domain's own: host.DOMAIN and the port of its peer."""
    return lambda question: (SRV, None, struct.pack(">3H", priority, 0, question.port if port is None else port)
                             + encode(f"host.{question.domain}" if target is None else target))


def a(address="127.0.0.1", owner=None):
    """An address."""
    return lambda question: (A, owner, socket.inet_aton(address))


def cname(target):
    """An alias."""
    return lambda question: (CNAME, None, encode(target.format(question.domain)))


def tlsa(data, usage=3, selector=1, matching=1):
    """What a certificate or key must be (RFC 6698): by default, a SHA-256 of the server's own key."""
    return lambda question: (TLSA, None, bytes([usage, selector, matching]) + data)


# Replies.

def answer(*records):
    """Those records that are of the type asked for, and aliases; without any, there is no data."""
    def reply(question):
        rows = [row for row in (make(question) for make in records) if row[0] in (question.type, CNAME)]
        wire = [record(kind, data, encode(owner.format(question.domain)) if owner else ASKED)
                for kind, owner, data in rows]
        return [question.header(answers=len(wire)) + b"".join(wire)]
    return reply


def rcode(number):
    """Nothing but a response code."""
    return lambda question: [question.header(number)]


def silence(question):
    """No answer at all."""
    del question
    return []


def raw(records, answers=1, flags=RESPONSE):
    """A right header, then these bytes (or what this function makes of the question) in place of records."""
    return lambda question: [question.header(0, answers, flags) + (records(question) if callable(records) else records)]


def truncated(over_tcp):
    """The answer does not fit into UDP."""
    return lambda question: over_tcp(question) if question.tcp else [question.header(flags=RESPONSE | TRUNCATED)]


def altered(reply, alter):
    """Another reply's messages, each made into something else."""
    return lambda question: [alter(message) for message in reply(question)]


def secure(reply):
    """DNSSEC vouches for it, says the AD bit."""
    return altered(reply, lambda message: message[:3] + bytes([message[3] | AUTHENTIC]) + message[4:])


def only(kind, reply, otherwise=answer()):
    """The reply to questions of this type; the others get another one."""
    return lambda question: (reply if question.type == kind else otherwise)(question)


def ask(server, query):
    """What another server answers over UDP; nothing if it does not answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(1)
        try:
            udp.sendto(query, server)
            return [udp.recv(65535)]
        except OSError:
            return []


class Names:
    """The server, on a thread of its own. With `upstream`, (address, port), it asks there for what it does not know."""

    def __init__(self):
        self.upstream = None
        self.port = free_port(socket.SOCK_DGRAM, socket.SOCK_STREAM)
        self._table = {}
        self._ready = selectors.DefaultSelector()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._tcp = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self._udp.bind(("127.0.0.1", self.port))
        self._stopping, self._stop = socket.socketpair()
        self._ready.register(self._udp, selectors.EVENT_READ, self._answer_datagram)
        self._ready.register(self._tcp, selectors.EVENT_READ, self._accept)
        self._ready.register(self._stopping, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def add(self, name, reply, domain, port):
        """An entry of the table."""
        self._table[name] = (reply, domain, port)

    def close(self):
        """Ends the thread and closes everything."""
        self._stop.close()
        self._thread.join()
        for key in list(self._ready.get_map().values()):
            key.fileobj.close()
        self._ready.close()

    def _serve(self):
        while True:
            for key, _ in self._ready.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def _messages(self, query, tcp):
        name, end = decode(query, 12)
        question = Question(query[:2], query[12:end + 4], name, struct.unpack_from(">H", query, end)[0], tcp)
        unknown = rcode(NXDOMAIN) if self.upstream is None else lambda _: ask(self.upstream, query)
        reply, question.domain, question.port = self._table.get(name, (unknown, "", 0))
        return reply(question)

    def _answer_datagram(self, udp):
        query, sender = udp.recvfrom(4096)
        for message in self._messages(query, False):
            udp.sendto(message, sender)

    def _accept(self, listener):
        connection, _ = listener.accept()
        held = bytearray()
        self._ready.register(connection, selectors.EVENT_READ, lambda ready: self._answer_stream(ready, held))

    def _answer_stream(self, connection, held):
        try:
            more = connection.recv(4096)
            held += more
            while len(held) >= 2 and len(held) - 2 >= (length := struct.unpack_from(">H", held)[0]):
                query = bytes(held[2:2 + length])
                del held[:2 + length]
                for message in self._messages(query, True):
                    framed = message if isinstance(message, Unframed) else struct.pack(">H", len(message)) + message
                    connection.sendall(framed)
                    more = b"" if message is HANG_UP else more
        except OSError:
            more = b""
        if not more:
            self._ready.unregister(connection)
            connection.close()
