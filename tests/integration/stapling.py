"""The server's side of TLS with an OCSP response that comes with the certificate, which Python's ssl module cannot
send. pyOpenSSL can; here it looks like ssl.SSLContext and ssl.SSLObject, as far as peers.py needs them."""

import contextlib
import ssl

from OpenSSL import SSL

VERSIONS = {"TLSv1_2": SSL.TLS1_2_VERSION, "TLSv1_3": SSL.TLS1_3_VERSION}


class _StaplingObject:
    def __init__(self, context, incoming, outgoing):
        self._connection = SSL.Connection(context, None)
        self._connection.set_accept_state()
        self._incoming, self._outgoing = incoming, outgoing

    def _call(self, function, *arguments):
        raw = self._incoming.read()
        if raw:
            self._connection.bio_write(raw)
        try:
            return function(*arguments)
        except SSL.WantReadError as error:
            raise ssl.SSLWantReadError from error
        except SSL.ZeroReturnError:
            return b""
        except SSL.Error as error:
            raise ssl.SSLError(str(error)) from error
        finally:
            with contextlib.suppress(SSL.WantReadError):
                while True:
                    self._outgoing.write(self._connection.bio_read(65536))

    def do_handshake(self):
        """As ssl.SSLObject has it; so do those below."""
        self._call(self._connection.do_handshake)

    def read(self, size):
        """..."""
        return self._call(self._connection.recv, size)

    def write(self, plain):
        """..."""
        return self._call(self._connection.send, plain)

    def unwrap(self):
        """..."""
        self._call(self._connection.shutdown)


class StaplingContext:
    """Of a chain and key with an OCSP response; all are paths. `newest` is the newest version of TLS."""

    def __init__(self, chain, key, response, newest):
        with open(response, "rb") as der:
            staple = der.read()
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self._context.set_max_proto_version(VERSIONS[newest])
        self._context.use_certificate_chain_file(chain)
        self._context.use_privatekey_file(key)
        self._context.set_ocsp_server_callback(lambda connection, data: staple)

    def wrap_bio(self, incoming, outgoing, server_side):
        """As ssl.SSLContext has it."""
        assert server_side
        return _StaplingObject(self._context, incoming, outgoing)
