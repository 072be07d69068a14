"""What a peer, or a user, does on a stream: enough of XMPP to see what a server is like, without fedhealth."""

import base64
import re
import socket
import ssl

HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:{kind}' xmlns:stream='http://etherx.jabber.org/streams'"
          " xmlns:db='jabber:server:dialback' {sender}to='{domain}' version='1.0'>")
TIMEOUT = 10


def _permissive_context():
    """Whose certificate it is does not matter here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Stream:
    """A stream to the server at this (address, port), for the domain (a U-label): as a peer, or without `sender` as a
    user. `id` is that of the present stream, `answer` all that the server has said on it, as text."""

    def __init__(self, address, domain, sender=None, direct=False):
        self._domain, self._sender = domain, sender
        self._connection = socket.create_connection(address, timeout=TIMEOUT)
        if direct:
            self._start_tls(["xmpp-server"])  # as XEP-0368 has it
        self.answer = ""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._connection.close()

    def _start_tls(self, protocols=()):
        context = _permissive_context()
        if protocols:
            context.set_alpn_protocols(protocols)
        self._connection = context.wrap_socket(self._connection, server_hostname=self._domain.encode("idna").decode())

    @property
    def id(self):
        """The stream's id."""
        return re.search(r"<stream:stream[^>]* id=['\"]([^'\"]*)", self.answer).group(1)

    def send(self, text):
        """Sends this, as it is."""
        self._connection.sendall(text.encode())

    def read(self, end):
        """Reads until this came (a regular expression), or the server's end. Returns what came."""
        came = b""
        while not re.search(end.encode() + b"|</stream:stream>", came):
            part = self._connection.recv(4096)
            if not part:
                break
            came += part
        self.answer += came.decode()
        return came.decode()

    def open(self):
        """Opens a stream, and returns what comes up to its features or its end."""
        self.answer = ""
        self.send(HEADER.format(kind="server" if self._sender else "client", domain=self._domain,
                                sender=f"from='{self._sender}' " if self._sender else ""))
        return self.read("</stream:features>")

    def starttls(self):
        """TLS from here on, and a stream in it."""
        self.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        assert "<proceed" in self.read("<(proceed|failure)[^>]*>"), self.answer
        self._start_tls()
        return self.open()


class Session(Stream):
    """A user who has logged in with `account` (user@domain), by PLAIN inside TLS. `refused` has the server's answer
    where it did not let the user in."""

    def __init__(self, address, account, password):
        user, domain = account.split("@")
        super().__init__(address, domain)
        self.open()
        self.starttls()
        answer = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{answer}</auth>")
        said = self.read("<success[^>]*>|</failure>")
        self.refused = said if "<success" not in said else None
        if not self.refused:
            self.open()
            self.ask("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>", "set")

    def ask(self, what, kind="get", to=None):
        """Sends this in an iq, and returns the iq that comes back."""
        self.send(f"<iq type='{kind}' id='lab'" + (f" to='{to}'" if to else "") + f">{what}</iq>")
        return self.read("<iq [^>]*/>|</iq>")


def open_stream(address, domain, sender, direct=False):
    """What the server at this (address, port) answers to a stream header for the domain, up to its features or its
    end. The domain is a U-label."""
    with Stream(address, domain, sender, direct) as stream:
        return stream.open()


def is_ready(addresses, domains, sender):
    """Whether somebody listens at every one of these (address, port), and at the first there are features for every one
    of these domains. Raises OSError where nobody listens."""
    for address in addresses:
        socket.create_connection(address, timeout=5).close()
    return all("<stream:features" in open_stream(addresses[0], domain, sender) for domain in domains)
