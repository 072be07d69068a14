"""Replies that no honest node gives, and the reason that each must lead to."""

import base64
import contextlib
import dataclasses
import html
import urllib.parse

from imp_hostile import (AXL, CONTROL_CENTER, GOOD, HTML, PAGE, compressed, envelope, fault, response, row, say,
                         say_raw, say_rows, silence, slowly, stream)

MEGABYTE = 1 << 20
MANY_ROWS = 100_000


@dataclasses.dataclass(frozen=True)
class Case:
    """One node. `reason` is that of the check axl, or of xcp_router and xcp_restart where the case is about these;
    `s2snode` that of the check s2snode."""
    name: str
    script: object
    reason: str
    s2snode: str = None
    about: str = AXL
    rows: int = None          # that must have been counted
    certificate: object = "good"  # or a tuple, one a connection; None: nobody listens
    impatient: bool = False   # it is to time out
    host: str = None          # in the place of the node's own
    config: dict = dataclasses.field(default_factory=dict)  # of axl

    @property
    def checks(self):
        """{check: reason} that must be found."""
        if self.about == AXL:
            return {"axl": self.reason, "s2snode": self.s2snode or ("ok" if self.reason == "ok" else "not_reached")}
        if self.about == CONTROL_CENTER:
            return {"axl": "ok", "xcp_router": self.reason}
        return {"axl": "ok", "xcp_restart": self.reason}


def bad(name, script, reason="axl_bad_response", **more):
    """A case that must fail."""
    return Case(name, script, reason, **more)


def good(name, script, **more):
    """A case that must be read all the same."""
    return Case(name, script, "ok", **more)


def endless(piece, head=b""):
    """The same again and again, for as long as the other side stays."""
    def pieces():
        yield head
        while True:
            yield piece
    return stream(lambda: (each for each in pieces() if each))


def endless_header(talk, request):
    """A header without end."""
    del request
    talk.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        talk.send(b"X-Padding: " + b"x" * 1000 + b"\r\n")


def endless_continue(talk, request):
    """Interim replies without end."""
    del request
    while True:
        talk.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def cut_chunk(talk, request):
    """The connection ends within a chunk."""
    del request
    talk.stream([response(row())[:80].encode()])
    talk.send(b"ff\r\nshort")
    talk.end()


def say_and_end(talk, request):
    """A good reply, and the end of the connection."""
    del request
    talk.reply(GOOD, headers=["Connection: close"])
    talk.end()


def forever_599(talk, request):
    """Names a version each time, and takes none."""
    del request
    talk.reply("<html>Supported versions are: 12.x, 14.0 and 15.0</html>", status="599 unknown", kind=HTML)


def hundred_megabytes(talk, request):
    """100 MB of white space in front of a good reply."""
    del request
    talk.reply(b"", length=100 * MEGABYTE + len(GOOD))
    for _ in range(100):
        talk.send(b" " * MEGABYTE)
    talk.send(GOOD.encode())


def bomb():
    """100 MB that are 100 KB as gzip has them."""
    return compressed(b" " * (100 * MEGABYTE))


HEAD = response("").split("</return>", maxsplit=1)[0]
NIL = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:nil='true'"
LAUGHS = ("<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {name} '{f'&{former};' * 20}'>" for former, name in zip("abcdefgh", "bcdefghi")) + "]>")
WIDE = "<row>" + "".join(f"<c{number}>x</c{number}>" for number in range(100_000)) + "</row>"
COOKIES = [f"Set-Cookie: JSESSIONIDSSO{number}={'x' * 60}; Path=/; Secure" for number in range(300)]
ODD_COOKIES = ["Set-Cookie: ", "Set-Cookie: =", "Set-Cookie: JSESSIONIDSSO", "Set-Cookie: a=b; Domain=.test; Path=/",
               "Set-Cookie: JSESSIONIDSSO=" + "y" * 8000, "Set-Cookie: c=d; Max-Age=99999999999999999999",
               "Set-Cookie: e=\x01\x02; Path=../..", "Set-Cookie: f=g; Expires=Thu, 99 Foo 9999 99:99:99 GMT",
               "Set-Cookie: h=i; Domain=lab.test; Path=" + "/x" * 500]

XML_CASES = [
    good("plain", say(GOOD)),
    good("bytes-apart", slowly(GOOD, 0.002)),
    bad("fault-in-200", say(fault("Column (cp_id) not found.")), "axl_soap_fault"),
    bad("fault-of-soap-12", say(
        "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><e:Fault><e:Code><e:Value>e:Sender"
        "</e:Value></e:Code><e:Reason><e:Text xml:lang='en'>no</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>"),
        "axl_soap_fault"),
    bad("html-in-200", say("<!DOCTYPE html><html><body>Sign in<p>here</body></html>", kind=HTML)),
    bad("nothing", say("")),
    bad("json", say('{"rows": []}', kind="application/json")),
    bad("cut", say(GOOD[:-30])),
    bad("cut-in-row", say(GOOD[:GOOD.index("</cp_id>")])),
    bad("two-documents", say(GOOD + GOOD)),
    bad("other-payload", say(envelope("<somethingElse/>"))),
    bad("other-root", say("<root><return/></root>")),
    bad("doctype", say("<!DOCTYPE s:Envelope SYSTEM 'http://127.0.0.1:9/x.dtd'>" + GOOD)),
    bad("external-entity", say("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>" + response(row("&e;")))),
    bad("laughs", say(LAUGHS + response(row("&i;")))),
    bad("unknown-entity", say(response(row("&nbsp;")))),
    good("known-entity", say(response(row("cm-2&amp;&#x41;"))), rows=1),
    bad("deep", say(response("<row>" + "<a>" * 10_000 + "</a>" * 10_000 + "</row>"))),
    bad("long-tag", say(response(f"<row {'a' * 100_000}='x'/>"))),
    bad("not-utf-8", say(response(row("@@")).encode().replace(b"@@", b"\xff\xfe\xc0"))),
    bad("wide-row", say_rows(WIDE)),
    bad("long-value", say(response(row("x" * 200_000)))),
]

ROW_CASES = [
    good("no-row", say_rows(""), s2snode="s2snode_empty", rows=0),
    good("no-return", say(response("").replace("<return></return>", "")), s2snode="s2snode_empty", rows=0),
    good("many-rows", say_rows("".join(f"<row><cp_id>c{number}</cp_id></row>" for number in range(MANY_ROWS))),
         rows=MANY_ROWS),
    bad("column-missing", say_rows("<row><pkid>1</pkid></row>")),
    bad("column-renamed", say_rows("<row><pkid>1</pkid><cpid>cm-2</cpid></row>")),
    good("column-doubled", say_rows("<row><cp_id>cm-2</cp_id><cp_id>cm-3</cp_id></row>"), rows=1),
    good("columns-in-capitals", say_rows("<row><PKID>1</PKID><CP_ID>cm-2</CP_ID></row>"), rows=1),
    good("pkid-nil", say_rows(f"<row><pkid {NIL}/><cp_id>cm-2</cp_id></row>"), rows=1),
    bad("cp-id-nil", say_rows(f"<row><pkid>1</pkid><cp_id {NIL}/></row>")),
    bad("cp-id-empty", say_rows("<row><pkid>1</pkid><cp_id></cp_id></row>")),
    good("cdata", say_rows("<row><cp_id><![CDATA[cm-2_s2scp-1.<a>&b]]></cp_id></row>"), rows=1),
    good("comments", say_rows("<!-- --><row><!-- x --><cp_id>cm<!-- y -->-2</cp_id></row>"), rows=1),
    good("controls", say(response(row("cm-2&#10;&#9;\u202e\u0085x")))),
]

HTTP_CASES = [
    bad("short-of-length", say_raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 9999\r\n\r\n<a>")),
    bad("cut-chunk", cut_chunk),
    bad("no-http", say_raw(b"SSH-2.0-OpenSSH_9.2\r\n")),
    bad("hung-up", say_raw(b"")),
    good("gzip", compressed(GOOD)),
    bad("deflate", compressed(GOOD, "deflate")),  # which was not asked for
    bad("gzip-cut", compressed(GOOD, cut=60)),
    bad("gzip-not", say(GOOD, headers=["Content-Encoding: gzip"])),
    bad("bomb", bomb(), "axl_too_large"),
    bad("hundred-megabytes", hundred_megabytes, "axl_too_large"),
    bad("endless-rows", endless(row().encode() * 200, HEAD.encode()), "axl_too_large"),
    bad("endless-header", endless_header, "axl_too_large"),
    bad("endless-continue", endless_continue, "axl_too_large"),
    bad("byte-a-second", slowly(GOOD, 1), "axl_timeout", impatient=True),
    bad("silence", silence, "axl_timeout", impatient=True),
    good("many-cookies", say(GOOD, headers=COOKIES)),
    good("odd-cookies", say(GOOD, headers=ODD_COOKIES)),
    bad("401", say("", status="401 Unauthorized", headers=['WWW-Authenticate: Basic realm="x"']), "axl_unauthorized"),
    bad("401-without-realm", say("", status="401 Unauthorized"), "axl_unauthorized"),
    bad("401-digest", say("", status="401 Unauthorized", headers=[
        'WWW-Authenticate: Digest realm="x", nonce="y", qop="auth"', "WWW-Authenticate: NTLM"]), "axl_unauthorized"),
    bad("403", say("<html>no</html>", status="403 Forbidden", kind=HTML), "axl_forbidden"),
    bad("404", say("<html>no</html>", status="404 Not Found", kind=HTML), "axl_not_found"),
    bad("503", say("<html>busy</html>", status="503 Service Unavailable", kind=HTML), "axl_throttled"),
    bad("500-html", say("<html>oops</html>", status="500 Internal Server Error", kind=HTML), "axl_http_error"),
    bad("418", say("", status="418 I'm a teapot"), "axl_http_error"),
    bad("599-without-a-version", say("<html>no</html>", status="599 unknown", kind=HTML), "axl_version_unsupported"),
    bad("599-forever", forever_599, "axl_version_unsupported"),
    bad("memory", say(fault("Maximum AXL Memory Allocation Consumed. Please retry once requests in progress have "
                            "completed"), status="500 Internal Server Error"), "axl_throttled"),
    bad("too-large-request", say(fault("Query request too large. Total rows matched: 40000 rows."),
                                 status="500 Internal Server Error"), "axl_too_large"),
    bad("redirect-to-http", say("", status="302 Found", headers=["Location: http://127.0.0.1:9/axl/"]),
        "axl_redirect"),
    bad("redirect-elsewhere", say("", status="307 Temporary Redirect",
                                  headers=["Location: https://elsewhere.imp.lab.test/axl/"]), "axl_redirect"),
]

TLS_CASES = [
    bad("self-signed", say(GOOD), "axl_tls", certificate="own"),
    bad("expired", say(GOOD), "axl_tls", certificate="expired"),
    bad("other-name", say(GOOD), "axl_tls", certificate="stranger"),
    bad("no-tls", say(GOOD), "axl_tls", certificate="none"),
    bad("other-fingerprint", say(GOOD), "axl_tls", config={"fingerprint_sha256": "00" * 32}),
    bad("refused", say(GOOD), "axl_connect", certificate=None),
    bad("no-name", say(GOOD), "axl_dns", host="nowhere.lab.test"),
]


def status_of(status, up_time="864000", name="Cisco XCP Router"):
    """What the Control Center says of the service."""
    return envelope("<soapGetServiceStatusResponse xmlns='http://schemas.cisco.com/ast/soap'>"
                    "<soapGetServiceStatusReturn><ReturnCode>0</ReturnCode><ServiceInfoList><item>"
                    f"<ServiceName>{name}</ServiceName><ServiceStatus>{status}</ServiceStatus>"
                    f"<StartTime>whenever</StartTime><UpTime>{up_time}</UpTime></item></ServiceInfoList>"
                    "</soapGetServiceStatusReturn></soapGetServiceStatusResponse>")


def router(name, script, reason="xcp_source_failed"):
    """A case about the Control Center."""
    return Case(name, script, reason, about=CONTROL_CENTER)


CONTROL_CENTER_CASES = [
    router("router-started", say(status_of("Started")), "ok"),
    router("router-stopping", say(status_of("Stopping", -1)), "xcp_router_stopped"),
    router("router-of-odd-up-time", say(status_of("Started", "9" * 40)), "ok"),
    router("router-html", say("<html>x</html>", kind=HTML)),
    router("router-nothing", say("")),
    router("router-other-service", say(status_of("Started", name="Cisco Tomcat"))),
    router("router-endless", endless(b"<item>" * 100)),
    router("router-laughs", say(LAUGHS + status_of("&i;"))),
    router("router-unknown", say(status_of("Unknown", -1))),
    router("router-401", say("", status="401 Unauthorized")),
]

TABLE = ("<table><tr><th>Severity<th>Count<th>Description<th>Origin<th>Created{}</table>")


def page(name, script, reason="xcp_source_failed"):
    """A case about the Notifications page."""
    return Case(name, script, reason, about=PAGE)


PAGE_CASES = [
    page("page-plain", say(TABLE.format(""), kind=HTML), "ok"),
    page("page-without-table", say("<html><p>Nothing here", kind=HTML)),
    page("page-nothing", say("", kind=HTML)),
    page("page-endless", endless(b"<tr><td>x" * 1000, TABLE.format("").removesuffix("</table>").encode())),
    page("page-deep", say("<div>" * 100_000, kind=HTML)),
    page("page-404", say("no", status="404 Not Found", kind=HTML)),
    page("page-leads-away", say("", status="302 Found", headers=["Location: https://elsewhere.imp.lab.test/"])),
    page("page-leads-in-circles", say("", status="302 Found", headers=["Location: " + PAGE])),
    page("page-form-that-leads-away", say(
        "<form action='https://elsewhere.imp.lab.test/j_security_check' method=post><input name=j_username>"
        "<input name=j_password type=password></form>", kind=HTML)),
    page("page-always-the-form", say(
        "<form action=j_security_check method=post><input name=j_username><input name=j_password type=password></form>",
        kind=HTML)),
]



def login_of(request):
    """All that the node was sent of a login, in one text: the header, what is in it, the form."""
    header = request.headers.get("authorization", "")
    form = request.body.decode("latin-1") if "j_password" in request.body.decode("latin-1") else ""
    password = urllib.parse.parse_qs(form).get("j_password", [""])[0]
    with contextlib.suppress(ValueError):
        password = base64.b64decode(header.split(" ")[-1], validate=True).decode().partition(":")[2] or password
    return f"{header} {password} {form} {urllib.parse.quote(password)} {html.escape(password)}"


def echo(make, **options):
    """A reply made of what was sent."""
    def script(talk, request):
        text = login_of(request)
        options.setdefault("headers", [])
        talk.reply(make(text), **{**options, "headers": [each.format(text.replace("\n", " "))
                                                         for each in options["headers"]]})
    return script


FORM = "<form action=j_security_check method=post><input name=j_username><input name=j_password type=password></form>"


def form_then(script):
    """The form, and the script once it was sent."""
    return lambda talk, request: (script if request.method == "POST" else say(FORM, kind=HTML))(talk, request)


ECHO_CASES = [
    bad("echo-401", echo(lambda text: f"<html>Not with {text}!</html>", status="401 Unauthorized", kind=HTML),
        "axl_unauthorized"),
    bad("echo-redirect", echo(lambda text: "", status="302 Found", headers=["Location: https://elsewhere/?{}"]),
        "axl_redirect"),
    bad("echo-fault", echo(lambda text: fault(html.escape(text)), status="500 Internal Server Error"),
        "axl_soap_fault"),
    bad("echo-encoding", echo(lambda text: "x", headers=["Content-Encoding: {}"])),
    good("echo-rows", echo(lambda text: response(row(html.escape(text), html.escape(text))))),
    bad("echo-column", echo(lambda text: response(f"<row><{text.split(' ')[2]}/></row>"))),
    router("echo-router", echo(lambda text: fault(html.escape(text)), status="500 Internal Server Error")),
    router("echo-router-status", echo(lambda text: status_of(html.escape(text)))),
    page("echo-page-redirect", form_then(echo(lambda text: "", status="302 Found",
                                              headers=["Location: https://elsewhere.imp.lab.test/{}"]))),
    page("echo-page-rows", form_then(echo(lambda text: TABLE.format(
        f"<tr><td>{text}<td>1<td>Not with {text}<td>{text}<td>{text}"), kind=HTML)), "ok"),
]

CASES = XML_CASES + ROW_CASES + HTTP_CASES + TLS_CASES + CONTROL_CENTER_CASES + PAGE_CASES + ECHO_CASES
