"""Scripted XMPP peers on 127.0.0.1. A script is a list: bytes are sent as they are, the rest are steps made below,
which get the Conversation. After its script a peer reads on in silence until the other side hangs up."""

import contextlib
import re
import selectors
import socket
import ssl
import struct
import threading
import time

PATIENCE = 60  # seconds; no agent under test is meant to stay so long
NS_STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"

HEADER = (b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
          b"xmlns:db='jabber:server:dialback' id='s1' version='1.0'>")
PLAIN_HEADER = HEADER.replace(b"xmlns:db='jabber:server:dialback' ", b"")  # offers dialback by features alone
OLD_HEADER = HEADER.replace(b" version='1.0'>", b">")  # of the time before XMPP 1.0: no features follow
STARTTLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
STARTTLS_REQUIRED = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
DIALBACK = b"<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>"
PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
FAILURE = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
END = b"</stream:stream>"


def features(*inside):
    """<stream:features/> with these in it."""
    return b"<stream:features>" + b"".join(inside) + b"</stream:features>"


def mechanisms(*names):
    """The SASL mechanisms, for features."""
    return (b"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
            + b"".join(b"<mechanism>" + name + b"</mechanism>" for name in names) + b"</mechanisms>")


def error(condition, text=b""):
    """<stream:error/>, and the end of the stream."""
    said = f"<text xmlns='{NS_STREAMS}'>".encode() + text + b"</text>" if text else b""
    return f"<stream:error><{condition} xmlns='{NS_STREAMS}'/>".encode() + said + b"</stream:error>" + END


class Conversation:
    """One accepted connection. `make_context(certificate, **options)` gives the ssl.SSLContext for a TLS step."""

    def __init__(self, connection, make_context):
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self.make_context = make_context
        self.pause = None  # seconds after each byte; None: everything in one piece
        self._tls = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._read = b""

    def push(self, raw):
        """Sends bytes beneath TLS."""
        if self.pause is None:
            self.connection.sendall(raw)
            return
        for byte in raw:
            self.connection.sendall(bytes([byte]))
            time.sleep(self.pause)

    def send(self, plain):
        """Sends bytes inside TLS, once it has begun."""
        if self._tls is not None:
            self._tls.write(plain)
            plain = self._outgoing.read()
        self.push(plain)

    def _pull(self):
        raw = self.connection.recv(65536)
        if not raw:
            raise ConnectionAbortedError("the other side hung up")
        return raw

    def _receive(self):
        if self._tls is None:
            return self._pull()
        while True:
            try:
                plain = self._tls.read(65536)
            except ssl.SSLWantReadError:
                self._incoming.write(self._pull())
                continue
            if not plain:
                raise ConnectionAbortedError("the other side sent close_notify")
            return plain

    def wait_for(self, pattern):
        """Reads until this regular expression is found; what came up to its end is done with. Returns the match."""
        while not (found := re.search(pattern, self._read)):
            self._read += self._receive()
        self._read = self._read[found.end():]
        return found

    def drain(self):
        """Reads until the other side hangs up."""
        while True:
            self._receive()

    def start_tls(self, context, alter=None):
        """The handshake. What the server sends passes through `alter` on its way."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while not self._shake_hands(tls, alter):
            self._incoming.write(self._pull())
        self._tls = tls

    def _shake_hands(self, tls, alter):
        """Goes on with the handshake; True when it is complete."""
        try:
            tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False
        finally:
            flight = self._outgoing.read()  # after a failure, too: the alert
            if flight:
                self.push(alter(flight) if alter else flight)

    def agreed_on(self):
        """The protocol that ALPN led to, or None."""
        return self._tls.selected_alpn_protocol()

    def change_keys(self, how, *arguments, times=1):
        """Begins TLS's own business anew, so many times, by this method of a Session of openssl_peer."""
        for _ in range(times):
            getattr(self._tls, how)(*arguments)
        messages = self._outgoing.read()
        assert messages
        self.push(messages)

    def drain_tls(self):
        """As drain(), but says so where what comes is a fault of TLS."""
        try:
            self.drain()
        finally:
            self.push(self._outgoing.read())

    def say_goodbye(self):
        """close_notify."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self.push(self._outgoing.read())


# Steps.

def expect(pattern):
    """Waits for this."""
    return lambda talk: talk.wait_for(pattern)


OPENED = expect(rb"<stream:stream [^>]*>")
ASKED = expect(rb"<starttls [^>]*/>")
HELLO = expect(rb"\x16\x03[\x01-\x03](?s:.){40}")  # enough of a ClientHello


def tls(certificate="good", alter=None, **options):
    """Starts TLS."""
    return lambda talk: talk.start_tls(talk.make_context(certificate, **options), alter)


def agreed(protocol):
    """Hangs up unless ALPN led to this protocol; None: to none."""
    def step(talk):
        if talk.agreed_on() != protocol:
            raise ConnectionAbortedError(f"{talk.agreed_on()} in place of {protocol}")
    return step


def slowly(talk):
    """From here on, each byte is a packet of its own."""
    talk.pause = 0.0002


def close(talk):
    """Ends the connection in order: nothing that was sent before is lost."""
    talk.connection.shutdown(socket.SHUT_WR)
    while talk.connection.recv(65536):
        pass
    raise ConnectionAbortedError


def goodbye(talk):
    """Ends TLS in order, and then the connection."""
    talk.say_goodbye()
    close(talk)


def reset_connection(connection):
    """Ends the connection by RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def reset(talk):
    """Ends the connection by RST."""
    reset_connection(talk.connection)
    raise ConnectionAbortedError


def renegotiate(talk):
    """Asks for another handshake (TLS 1.2 by libssl)."""
    talk.change_keys("renegotiate")


def insist(talk):
    """Waits for what it asked for. libssl ends the connection when it is declined."""
    talk.drain_tls()


def update_keys(count, asking):
    """So many KeyUpdates; if `asking`, the other side is to change its keys as well (TLS 1.3 by libssl)."""
    def step(talk):
        for _ in range(0, count, 20):
            talk.change_keys("update_key", asking, times=20)
    return step


def byte_a_second(talk):
    """From here on."""
    talk.pause = 1


def deaf(talk):
    """From here on nothing is read any more, however the other side says goodbye."""
    while talk.connection.recv(65536):
        pass


def flood(chunk):
    """Sends the same again and again for as long as the other side stays."""
    def step(talk):
        while True:
            talk.send(chunk)
    return step


def beneath_tls(raw):
    """Sends bytes that are no part of TLS after it has begun."""
    return lambda talk: talk.push(raw)


def full_listener(held):
    """A listening socket whose queue is full, so that nobody gets an answer to his SYN. `held` is an ExitStack."""
    listener = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    listener.setblocking(False)
    for _ in range(4):
        waiting = held.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(listener.getsockname())
    return listener


def reset_all(listener):
    """Accepts whoever has been connected and resets him at once. True."""
    with contextlib.suppress(BlockingIOError):
        while True:
            reset_connection(listener.accept()[0])
    return True


class Peers:
    """Any number of peers, each at a port of its own. They answer between start() and close()."""

    def __init__(self, make_context):
        self._make_context = make_context
        self._listening = selectors.DefaultSelector()
        self._held = contextlib.ExitStack()
        self._stopping, stop = socket.socketpair()
        self._held.enter_context(self._stopping)
        self._stop = self._held.enter_context(stop)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def listen(self, script, address="127.0.0.1", port=0):
        """A peer that follows this script with everyone who connects. Returns its port."""
        listener = self._held.enter_context(socket.create_server((address, port), backlog=16))
        self._listening.register(listener, selectors.EVENT_READ, script)
        return listener.getsockname()[1]

    def refuse(self):
        """A port that is taken, so that nobody else gets it, and where nobody listens."""
        taken = self._held.enter_context(socket.socket())
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]

    def ignore(self):
        """A port where connecting takes for ever: its queue is full and never emptied."""
        return full_listener(self._held).getsockname()[1]

    def start(self):
        """From now on connections are answered."""
        self._listening.register(self._stopping, selectors.EVENT_READ, None)
        self._thread.start()

    def close(self):
        """Ends listening. Conversations end by themselves when their other side is gone."""
        self._stop.close()
        self._thread.join()
        self._listening.close()
        self._held.close()

    def _serve(self):
        while True:
            for key, _ in self._listening.select():
                if key.data is None:
                    return
                connection, _ = key.fileobj.accept()
                threading.Thread(target=self._talk, args=(connection, key.data), daemon=True).start()

    def _talk(self, connection, script):
        with connection, contextlib.suppress(OSError):  # the other side may hang up at any moment
            talk = Conversation(connection, self._make_context)
            for step in script:
                if isinstance(step, bytes):
                    talk.send(step)
                else:
                    step(talk)
            talk.drain()
