"""A peer that takes connections, and TLS where it is given a certificate, and then never says a word.

usage: hanging_peer.py [CHAIN KEY]. Listens on every address of the loopback device; prints the port, then for every
line of its input how many peers it holds at that moment. Ends with its input.
"""

import asyncio
import resource
import socket
import ssl
import sys

held = 0


async def hold(reader, _writer):
    """Keeps the connection until the other side ends it."""
    global held
    held += 1
    while await reader.read(4096):
        pass
    held -= 1
    _writer.close()


async def main():
    """Serves until the input ends."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    context = None
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        context.set_alpn_protocols(["xmpp-server"])
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    listener.bind(("", 0))
    server = await asyncio.start_server(hold, sock=listener, ssl=context, backlog=4096,
                                        **({"ssl_handshake_timeout": 600} if context else {}))
    print(listener.getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(held, flush=True)
    server.close()


asyncio.run(main())
