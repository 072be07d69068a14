"""`fedhealth dialback-key`: keys computed here once more, and the ways in which a log line can mislead."""

import hashlib
import hmac
import os
import pty
import subprocess

import pytest

from agent import FEDHEALTH, WAIT, run

SECRET = "s3cr3tf0rd14lb4ck"
RECEIVING, ORIGINATING, STREAM_ID = "xmpp.example.com", "example.org", "D60000229F"


def sha1(*parts):
    """Hexadecimal SHA-1 of the parts, one behind the other."""
    return hashlib.sha1("".join(parts).encode()).hexdigest()


def hmac_sha256(secret, receiving, originating, stream_id):
    """XEP-0185."""
    key = hashlib.sha256(secret.encode()).hexdigest()
    return hmac.new(key.encode(), f"{receiving} {originating} {stream_id}".encode(), "sha256").hexdigest()


def sha1_nested(secret, receiving, _, stream_id):
    """jabberd 1.4, jabberd2."""
    return sha1(sha1(sha1(secret), receiving), stream_id)


def hmac_sha1(secret, receiving, originating, stream_id):
    """jabberd14 1.6: pads no longer than the key."""
    key = hashlib.sha1(secret.encode()).digest()
    inner, outer = (bytes(each ^ pad for each in key) for pad in (0x36, 0x5C))
    text = f"{receiving} {originating} {stream_id}".encode()
    return hashlib.sha1(outer + hashlib.sha1(inner + text).digest()).hexdigest()


def sha1_concat(secret, _, __, stream_id):
    """Openfire."""
    return sha1(stream_id, secret)


ALGORITHMS = {"hmac-sha256": hmac_sha256, "sha1-nested": sha1_nested, "hmac-sha1": hmac_sha1,
              "sha1-concat": sha1_concat}
VECTORS = {"hmac-sha256": "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643",
           "sha1-nested": "ee075af965bb0e0db2197afbf203265d774602ea"}
SCENES = [(SECRET, RECEIVING, ORIGINATING, STREAM_ID), ("ä \"$x' ~", "bücher.example", "b.example", "-x <&é>"),
          ("x" * 1023, "a", "a.b.example", "0")]


def dialback_key(*arguments, secret=SECRET):
    """Runs it with the secret on its standard input."""
    return run(FEDHEALTH, "dialback-key", *arguments, input=None if secret is None else f"{secret}\n")


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("scene", SCENES, ids=("ascii", "unicode", "long"))
def test_computed_and_identified(name, scene):
    """By name and by place, from standard input and from a file; what is made is recognised."""
    secret, receiving, originating, stream_id = scene
    key = ALGORITHMS[name](*scene)
    assert name not in VECTORS or secret != SECRET or key == VECTORS[name]
    places = ("--receiving", receiving, f"--originating={originating}", f"--stream-id={stream_id}")
    done = dialback_key("--algorithm", name, *places, secret=secret)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{key}\n", "")
    for shown in (key, key.upper(), f"{key[:9]} \n\t{key[9:]}\r\n"):
        done = dialback_key("--identify", "--", receiving, originating, stream_id, shown, secret=secret)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{name}\n", "")


def test_default_and_all():
    """Without an algorithm XEP-0185's; with auto a line each."""
    arguments = (RECEIVING, ORIGINATING, STREAM_ID)
    assert dialback_key(*arguments).stdout == VECTORS["hmac-sha256"] + "\n"
    lines = dialback_key("--algorithm=auto", *arguments).stdout.splitlines()
    assert {tuple(line.split()) for line in lines} == {
        (name, make(SECRET, *arguments)) for name, make in ALGORITHMS.items()}


def test_secret_file(folder):
    """Its first line, whatever ends it."""
    path = os.path.join(folder, "secret")
    for content in (SECRET, f"{SECRET}\n", f"{SECRET}\r\n# not this\n"):
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.write(content)
        done = dialback_key(f"--secret-file={path}", RECEIVING, ORIGINATING, STREAM_ID, secret=None)
        assert (done.returncode, done.stdout) == (0, VECTORS["hmac-sha256"] + "\n")


def test_slow_standard_input():
    """Whoever writes to the pipe may take their time."""
    command = [FEDHEALTH, "dialback-key", "--secret-file", "-", RECEIVING, ORIGINATING, STREAM_ID]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for piece in (SECRET[:3], SECRET[3:], "\n"):
            process.stdin.write(piece)
            process.stdin.flush()
        assert process.stdout.read() == VECTORS["hmac-sha256"] + "\n"
        process.stdin.close()
        assert process.wait(WAIT) == 0


def test_terminal():
    """What is typed is not shown."""
    ours, theirs = pty.openpty()
    command = [FEDHEALTH, "dialback-key", RECEIVING, ORIGINATING, STREAM_ID]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True) as process:
        shown = b""
        while b"Secret: " not in shown:
            shown += os.read(ours, 100)
        os.write(ours, f"{SECRET}\n".encode())
        assert process.stdout.read() == VECTORS["hmac-sha256"] + "\n"
        assert process.wait(WAIT) == 0
    os.close(theirs)
    try:
        shown += os.read(ours, 1000)
    except OSError:
        pass
    os.close(ours)
    assert SECRET not in shown.decode()


@pytest.mark.parametrize("name", ("hmac-sha256", "sha1-nested", "hmac-sha1"))
def test_roles_swapped(name):
    """A log line does not always tell who is who."""
    key = ALGORITHMS[name](SECRET, RECEIVING, ORIGINATING, STREAM_ID)
    done = dialback_key("--identify", ORIGINATING, RECEIVING, STREAM_ID, key)
    assert (done.returncode, done.stdout.splitlines()) == (
        0, [name, f"roles swapped: receiving {RECEIVING}, originating {ORIGINATING}"])


@pytest.mark.parametrize("said", ("bücher.example", "xn--bcher-kva.example", "BÜCHER.example."))
@pytest.mark.parametrize("form", ("bücher.example", "xn--bcher-kva.example", "BÜCHER.example."))
def test_forms_of_a_name(said, form):
    """U-labels are what belongs into a key; others are recognised where that is possible, and told."""
    key = hmac_sha256(SECRET, form, ORIGINATING, STREAM_ID)
    done = dialback_key("--identify", said, ORIGINATING, STREAM_ID, key)
    if form == "BÜCHER.example." != said:
        assert done.returncode == 2
        return
    name, *more = done.stdout.splitlines()
    assert (done.returncode, name) == (0, "hmac-sha256")
    assert [each.split(":")[0] for each in more] == {
        "bücher.example": [], "xn--bcher-kva.example": ["names as A-labels"]}.get(form, ["names as given"])
    computed = dialback_key(said, ORIGINATING, STREAM_ID).stdout
    assert computed == hmac_sha256(SECRET, "bücher.example", ORIGINATING, STREAM_ID) + "\n"


def test_hmac_sha1_proper():
    """What no known server makes is told apart from jabberd14's."""
    text = f"{RECEIVING} {ORIGINATING} {STREAM_ID}".encode()
    for secret in (hashlib.sha1(SECRET.encode()).digest(), sha1(SECRET).encode()):
        done = dialback_key("--identify", RECEIVING, ORIGINATING, STREAM_ID, hmac.new(secret, text, "sha1").hexdigest())
        name, more = done.stdout.splitlines()
        assert (done.returncode, name) == (0, "hmac-sha1")
        assert "RFC 2104" in more


@pytest.mark.parametrize("change", ({"secret": "other"}, {"at": 0}, {"at": 1}, {"at": 2}, {"at": 3}))
def test_not_found(change):
    """Exit 2, nothing on standard output, and no word of the secret or of the key that would be right."""
    arguments = [RECEIVING, ORIGINATING, STREAM_ID, VECTORS["hmac-sha256"]]
    if "at" in change:
        arguments[change["at"]] = "0" * 40
    done = dialback_key("--identify", *arguments, secret=change.get("secret", SECRET))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no algorithm makes this key" in done.stderr
    assert SECRET not in done.stderr and VECTORS["hmac-sha256"] not in done.stderr


KEY = VECTORS["hmac-sha256"]
FAULTS = [
    ((), "RECEIVING"), ((RECEIVING,), "ORIGINATING"), ((RECEIVING, ORIGINATING), "STREAM-ID is missing"),
    (("--identify", RECEIVING, ORIGINATING, STREAM_ID), "KEY is missing"),
    ((RECEIVING, ORIGINATING, STREAM_ID, KEY), "more arguments"),
    (("--key", KEY, RECEIVING, ORIGINATING, STREAM_ID), "not --identify"),
    (("--identify", RECEIVING, ORIGINATING, STREAM_ID, KEY, "x"), "more arguments"),
    (("--identify", RECEIVING, ORIGINATING, STREAM_ID, KEY[1:]), "40 or 64 hexadecimal"),
    (("--identify", RECEIVING, ORIGINATING, STREAM_ID, "g" + KEY[1:]), "40 or 64 hexadecimal"),
    (("--identify", "--algorithm=auto", RECEIVING, ORIGINATING, STREAM_ID, KEY), "--algorithm has no meaning"),
    (("--algorithm=md5", RECEIVING, ORIGINATING, STREAM_ID), "--algorithm must be"),
    (("192.0.2.1", ORIGINATING, STREAM_ID), "is an IP address"),
    ((RECEIVING, "a b", STREAM_ID), "has the character 0x20"),
    (("--secret", SECRET, RECEIVING, ORIGINATING, STREAM_ID), "not belong on the command line"),
    (("--secret-file=/no/such", RECEIVING, ORIGINATING, STREAM_ID), "/no/such: cannot be read"),
    (("--nonsense", RECEIVING, ORIGINATING, STREAM_ID), "usage:"),
]


@pytest.mark.parametrize("arguments, told", FAULTS)
def test_faults(arguments, told):
    """Each is told, with exit 3 and nothing on standard output."""
    done = dialback_key(*arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert told in done.stderr


@pytest.mark.parametrize("secret", ("", "\n", "a\0b", "x" * 1024))
def test_no_secret(secret):
    done = run(FEDHEALTH, "dialback-key", RECEIVING, ORIGINATING, STREAM_ID, input=secret)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("fedhealth dialback-key: standard input: ")


def test_help():
    assert run(FEDHEALTH, "dialback-key", "--help").stdout.startswith("usage: fedhealth dialback-key")
    assert "dialback-key --identify" in run(FEDHEALTH, "--help").stdout
