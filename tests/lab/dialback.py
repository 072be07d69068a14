"""Dialback (XEP-0220) as the receiving server asks the authoritative one: keys, and what a server says of them. Nothing
here is fedhealth's, so that it can tell whether the servers of the lab are what they are said to be."""

import hashlib
import hmac
import re

from .stream import Stream


def _sha1(text):
    return hashlib.sha1(text.encode()).hexdigest()


def make_key(algorithm, secret, receiving, originating, stream_id):
    """The key of this stream: "hmac-sha256" (XEP-0185), or "sha1-nested" as jabberd2 makes it."""
    if algorithm == "hmac-sha256":
        text = f"{receiving} {originating} {stream_id}"
        return hmac.new(hashlib.sha256(secret.encode()).hexdigest().encode(), text.encode(), "sha256").hexdigest()
    assert algorithm == "sha1-nested"
    return _sha1(_sha1(_sha1(secret) + receiving) + stream_id)


def ask(address, domain, sender, make, direct=False):
    """What the server says of the key make(stream id), inside TLS where it offers it: "valid" or "invalid"."""
    with Stream(address, domain, sender, direct) as stream:
        if "<starttls" in stream.open() and not direct:
            stream.starttls()
        stream.send(f"<db:verify from='{sender}' to='{domain}' id='{stream.id}'>{make(stream.id)}</db:verify>")
        answer = stream.read("<db:verify [^>]*>")
    return re.search(r"<db:verify [^>]*type=['\"](\w+)", answer).group(1)
