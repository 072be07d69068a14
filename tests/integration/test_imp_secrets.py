"""User names and passwords of any characters log in at all three services, and what cannot be sent is refused when the
configuration is read."""

import os

import pytest

from agent import FEDHEALTHD, run
from imp_nodes import Stage, check_imp, imp_json, json_checks, node
from lab import as_yaml
from lab.imp import DOMAIN, write_secret

PRINTABLE = "".join(map(chr, range(0x20, 0x7f)))
ELSEWHERE = ("ÄÖÜäöüß éèê ñ çÇ øØ ¡¿€£¥§ Ελληνικά Кириллица עברית العربية हिन्दी ไทย 漢字かなカナ 한국어 𝔘𝔫𝔦 🦊 e\u0301 "
             "\u00a0\u200d\u2028x")
CREDENTIALS = {
    "printable": (PRINTABLE.replace(":", ""), PRINTABLE),
    "printable-backwards": (PRINTABLE.replace(":", "")[::-1].strip(), PRINTABLE[::-1]),
    "non-ascii": (ELSEWHERE, ELSEWHERE),
    "colons": ("plain", ":::"),
    "spaces": ("a name with spaces", "  spaces around  "),
    "one-letter": ("x", "y"),
    "percent": ("100%25+&=", "%00%0a+ &j_username=x;"),
    "markup": ("<b>&amp;\"'", "]]><a>&lt;"),
    "long": ("n" * 128, "p" * 1000),
    "like-an-option": ("-u", "@/etc/passwd"),
}


@pytest.fixture(scope="module", name="stage")
def _stage(lab, tmp_path_factory):
    nodes = [node(name, control={"accounts": {account: {"password": password}}},
                  config={"axl": {"username": account, "password": password}})
             for name, (account, password) in CREDENTIALS.items()]
    with Stage(lab, str(tmp_path_factory.mktemp("secrets")), nodes) as stage:
        yield stage


@pytest.mark.parametrize("name", CREDENTIALS)
def test_logs_in(stage, folder, name):
    config = stage.write_config(os.path.join(folder, "agent.yaml"))
    done = check_imp(config, f"{name}.{DOMAIN}")
    assert set(map(tuple, json_checks(imp_json(done.stdout, f"{name}.{DOMAIN}")).values())) == {("ok", "ok")}, \
        done.stdout
    attempts = stage.server.logins(node=f"{name}.{DOMAIN}")
    assert {each["service"] for each in attempts} == {"axl", "control_center", "page"}
    assert all(each["accepted"] and each["account"] == CREDENTIALS[name][0] for each in attempts)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\nsecond line\n"], ids=["none", "lf", "crlf", "more-lines"])
def test_first_line_of_the_file(stage, folder, ending):
    """The line end is not part of the password, whichever it is, nor what follows."""
    name = f"one-letter.{DOMAIN}"
    config = stage.write_config(os.path.join(folder, "agent.yaml"))
    (entry,) = [each for each in stage.configs() if each["name"] == name]
    with open(entry["axl"]["password_file"], "w", encoding="utf-8", newline="") as out:
        out.write("y" + ending)
    done = check_imp(config, name)
    assert json_checks(imp_json(done.stdout, name))["axl"] == ["ok", "ok"], done.stdout


@pytest.mark.parametrize("content", ["", "\n", "x" * 5000], ids=["empty", "empty-line", "too-long"])
def test_file_without_a_password(stage, folder, content):
    """A file that has none is a fault of this machine, told without its content; nothing is sent."""
    name = f"markup.{DOMAIN}"
    config = stage.write_config(os.path.join(folder, "agent.yaml"))
    (entry,) = [each for each in stage.configs() if each["name"] == name]
    before = len(stage.server.logins(node=name))
    with open(entry["axl"]["password_file"], "w", encoding="utf-8") as out:
        out.write(content)
    done = check_imp(config, name)
    write_secret(entry["axl"]["password_file"], CREDENTIALS["markup"][1])
    assert json_checks(imp_json(done.stdout, name))["axl"][1] == "local_error"
    assert "xxxx" not in done.stdout + done.stderr
    assert len(stage.server.logins(node=name)) == before


@pytest.mark.parametrize("username", ["with:colon", "", "line\nbreak", "bell\a"])
def test_names_that_cannot_be_sent(stage, folder, username):
    """RFC 7617: no colon in a user name; and no control characters."""
    path = os.path.join(folder, "agent.yaml")
    stage.write_config(path)
    with open(path, encoding="utf-8") as text:
        changed = text.read().replace('"username": "plain"', f'"username": {as_yaml(username)}')
    with open(path, "w", encoding="utf-8") as out:
        out.write(changed)
    done = run(FEDHEALTHD, "--config.file", path, "--config.check")
    assert done.returncode == 2
    assert "username" in done.stderr + done.stdout
