"""One look at an XMPP server, as a peer opens a stream to it."""

import socket
import ssl

HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'"
          " xmlns:db='jabber:server:dialback' from='{sender}' to='{domain}' version='1.0'>")


def direct_tls(connection, server_name):
    """TLS from here on, as XEP-0368 has it. Whose certificate it is does not matter here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["xmpp-server"])
    return context.wrap_socket(connection, server_hostname=server_name)


def open_stream(address, domain, sender, direct=False):
    """What the server at this (address, port) answers to a stream header for the domain, up to its features or its
    end. The domain is a U-label."""
    answer = b""
    with socket.create_connection(address, timeout=5) as connection:
        server_name = domain.encode("idna").decode()
        with direct_tls(connection, server_name) if direct else connection as peer:
            peer.sendall(HEADER.format(sender=sender, domain=domain).encode())
            while b"</stream:features>" not in answer and b"</stream:stream>" not in answer:
                part = peer.recv(4096)
                if not part:
                    break
                answer += part
    return answer.decode()


def is_ready(addresses, domains, sender):
    """Whether somebody listens at every one of these (address, port), and at the first there are features for every one
    of these domains. Raises OSError where nobody listens."""
    for address in addresses:
        socket.create_connection(address, timeout=5).close()
    return all("<stream:features" in open_stream(addresses[0], domain, sender) for domain in domains)
