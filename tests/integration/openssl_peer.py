"""The server's side of TLS by libssl itself, for what Python's ssl does not offer: to negotiate again (TLS 1.2), to
change keys (KeyUpdate, TLS 1.3), and to show an OCSP response with the certificate. A Context stands in for
ssl.SSLContext, a Session for ssl.SSLObject."""

import ctypes
import ssl

SSL, CRYPTO = ctypes.CDLL("libssl.so.3"), ctypes.CDLL("libcrypto.so.3")
for _library, _name in ((SSL, "TLS_server_method"), (SSL, "SSL_CTX_new"), (SSL, "SSL_new"), (CRYPTO, "BIO_s_mem"),
                        (CRYPTO, "BIO_new"), (CRYPTO, "CRYPTO_malloc")):
    getattr(_library, _name).restype = ctypes.c_void_p
SET_MAX_PROTO_VERSION = 124  # SSL_CTX_ctrl()
SET_STATUS_CALLBACK, SET_STATUS_RESPONSE = 63, 71  # SSL_CTX_callback_ctrl(), SSL_ctrl()
SHOWN = 0  # what such a callback returns
STATUS_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
VERSIONS = {"TLSv1_2": 0x0303, "TLSv1_3": 0x0304}
PEM = 1
WANT_READ, ZERO_RETURN = 2, 6  # SSL_get_error()
CHUNK = 16384


def _pointer(made):
    if not made:
        raise MemoryError("libssl")
    return ctypes.c_void_p(made)


class Session:
    """One connection; bytes come from and go to a ssl.MemoryBIO each."""

    def __init__(self, context, incoming, outgoing):
        self._incoming, self._outgoing = incoming, outgoing
        self._ssl = _pointer(SSL.SSL_new(context))
        self._received, self._sent = (_pointer(CRYPTO.BIO_new(_pointer(CRYPTO.BIO_s_mem()))) for _ in range(2))
        SSL.SSL_set_bio(self._ssl, self._received, self._sent)
        SSL.SSL_set_accept_state(self._ssl)

    def __del__(self):
        SSL.SSL_free(self._ssl)

    def _call(self, function, *arguments):
        """What the function returns. Raises as ssl does where it must wait, else ConnectionAbortedError."""
        raw = self._incoming.read()
        CRYPTO.BIO_write(self._received, raw, len(raw))
        outcome = function(self._ssl, *arguments)
        error = 0 if outcome > 0 else SSL.SSL_get_error(self._ssl, outcome)
        out = ctypes.create_string_buffer(CHUNK)
        while (length := CRYPTO.BIO_read(self._sent, out, CHUNK)) > 0:
            self._outgoing.write(out.raw[:length])
        if error == WANT_READ:
            raise ssl.SSLWantReadError
        if error == ZERO_RETURN:
            return 0
        if error:
            raise ConnectionAbortedError(f"SSL_get_error() is {error}")
        return outcome

    def do_handshake(self):
        """The first one, or what was begun by the next two."""
        self._call(SSL.SSL_do_handshake)

    def renegotiate(self):
        """HelloRequest."""
        self._call(SSL.SSL_renegotiate)
        self.do_handshake()

    def update_key(self, asking):
        """KeyUpdate. `asking`: the other side is to change its key as well."""
        self._call(SSL.SSL_key_update, int(asking))
        self.do_handshake()

    def read(self, size):
        """Bytes; none at the end."""
        into = ctypes.create_string_buffer(size)
        length = self._call(SSL.SSL_read, into, size)
        return into.raw[:length]

    def write(self, plain):
        """Sends all of them."""
        self._call(SSL.SSL_write, plain, len(plain))


class Context:
    """Certificate, key, and the newest version; with `response`, that of OCSP in this file (DER)."""

    def __init__(self, chain_file, key_file, newest, response=None):
        self._context = _pointer(SSL.SSL_CTX_new(_pointer(SSL.TLS_server_method())))
        SSL.SSL_CTX_ctrl(self._context, SET_MAX_PROTO_VERSION, ctypes.c_long(VERSIONS[newest]), None)
        assert SSL.SSL_CTX_use_certificate_chain_file(self._context, chain_file.encode()) == 1
        assert SSL.SSL_CTX_use_PrivateKey_file(self._context, key_file.encode(), PEM) == 1
        if response:
            with open(response, "rb") as der:
                self._response = der.read()
            self._show = STATUS_CALLBACK(self._show_response)  # to be called for as long as there is the context
            SSL.SSL_CTX_callback_ctrl(self._context, SET_STATUS_CALLBACK, self._show)

    def _show_response(self, session, _):
        length = len(self._response)
        copy = _pointer(CRYPTO.CRYPTO_malloc(ctypes.c_size_t(length), None, 0))  # the session's to free
        ctypes.memmove(copy, self._response, length)
        SSL.SSL_ctrl(ctypes.c_void_p(session), SET_STATUS_RESPONSE, ctypes.c_long(length), copy)
        return SHOWN

    def wrap_bio(self, incoming, outgoing, server_side):
        """A new Session."""
        assert server_side
        return Session(self._context, incoming, outgoing)
