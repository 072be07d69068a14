"""Certificates of the lab, made by the openssl program: a root CA, intermediate CAs, and one certificate a host."""

import datetime
import os
import subprocess

OID_XMPP_ADDR = "1.3.6.1.5.5.7.8.5"  # RFC 6120 13.7.1.4
OID_SRV_NAME = "1.3.6.1.5.5.7.8.7"  # RFC 4985

P_256 = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")

CONFIG = """
[ca]
default_ca = lab
[lab]
new_certs_dir = {folder}
database = {folder}/index.txt
rand_serial = yes
unique_subject = no
default_md = {digest}
policy = policy
[policy]
commonName = supplied
organizationName = optional
[req]
distinguished_name = name
prompt = no
[name]
O = fedhealth lab
CN = {common_name}
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[host]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = {usage}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = @names
[names]
{names}
"""


def openssl(*arguments):
    """Runs openssl; what it has to say is shown only when it fails."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed:\n{done.stderr}")


def _moment(days):
    """The moment so many days from now, as openssl ca reads it."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y%m%d%H%M%SZ")


def _alternative_names(domains):
    """What a federating server should carry: dNSName, xmppAddr and SRVName. The domains are A-labels; xmppAddr has the
    U-label (RFC 6120 13.7.1.4). Without any, an address, which names no domain."""
    lines = [] if domains else ["IP.0 = 192.0.2.1"]
    for number, domain in enumerate(domains):
        unicode = domain.encode("ascii").decode("idna")
        lines += [f"DNS.{number} = {domain}",
                  f"otherName.{2 * number} = {OID_XMPP_ADDR};FORMAT:UTF8,UTF8:{unicode}",
                  f"otherName.{2 * number + 1} = {OID_SRV_NAME};IA5STRING:_xmpp-server.{domain}"]
    return "\n".join(lines)


class Authority:
    """The lab's root CA and its intermediate CAs. `ca_file` is what an agent has to trust: the root alone."""

    def __init__(self, folder):
        self.folder = folder
        open(os.path.join(folder, "index.txt"), "w", encoding="ascii").close()
        self.ca_file = self._issue("root", "fedhealth lab root CA", "root", (-365, 3650), None)
        self.intermediate = self._issue("intermediate", "fedhealth lab issuing CA", "intermediate", (-365, 3650),
                                        "root")
        self._issue("expired-intermediate", "fedhealth lab expired CA", "intermediate", (-365, -10), "root")

    def _issue(self, name, common_name, kind, days, issuer, domains=("unused.invalid",), key=P_256, digest="sha256",
               usage="serverAuth, clientAuth"):
        """Makes NAME.key and NAME.crt in the folder; self-signed without an issuer. Returns the .crt's path."""
        base = os.path.join(self.folder, name)
        config = base + ".cnf"
        with open(config, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(folder=self.folder, common_name=common_name, names=_alternative_names(domains),
                                    digest=digest, usage=usage))
        openssl("req", "-new", "-config", config, "-newkey", *key, "-nodes", "-keyout", base + ".key",
                "-out", base + ".csr")
        signer = os.path.join(self.folder, issuer or name)
        by = ["-cert", signer + ".crt"] if issuer else ["-selfsign"]
        openssl("ca", "-batch", "-notext", "-config", config, "-extensions", kind, "-keyfile", signer + ".key", *by,
                "-startdate", _moment(days[0]), "-enddate", _moment(days[1]),
                "-in", base + ".csr", "-out", base + ".crt")
        return base + ".crt"

    def issue_host(self, name, names, days, issuer="intermediate", common_name=None, **kind):
        """A host's certificate, valid from now + days[0] until now + days[1], followed by its issuer's: "intermediate",
        "expired-intermediate", or none for "self". Its `key`, `digest` and `usage` may be other than the usual. Returns
        the paths of the chain and of its key."""
        leaf = self._issue(name, common_name or names[0], "host", days, None if issuer == "self" else issuer, names,
                           **kind)
        parts = [leaf] if issuer == "self" else [leaf, os.path.join(self.folder, issuer + ".crt")]
        chain = os.path.join(self.folder, name + ".chain.crt")
        with open(chain, "w", encoding="ascii") as out:
            for part in parts:
                with open(part, encoding="ascii") as certificate:
                    out.write(certificate.read())
        return chain, os.path.join(self.folder, name + ".key")

    def revoke(self, name):
        """From now on the host's certificate is a revoked one."""
        base, signer = os.path.join(self.folder, name), os.path.join(self.folder, "intermediate")
        openssl("ca", "-config", base + ".cnf", "-cert", signer + ".crt", "-keyfile", signer + ".key",
                "-revoke", base + ".crt", "-crl_reason", "keyCompromise")

    def vouch(self, name, signer="intermediate"):
        """What an OCSP responder with the signer's key says now of the host's certificate, for an hour: the path of the
        response."""
        base, response = (os.path.join(self.folder, each) for each in (name, f"{name}.{signer}.ocsp"))
        signer, issuer = (os.path.join(self.folder, each) for each in (signer, "intermediate.crt"))
        openssl("ocsp", "-index", os.path.join(self.folder, "index.txt"), "-CA", issuer, "-issuer", issuer, "-rsigner",
                signer + ".crt", "-rkey", signer + ".key", "-cert", base + ".crt", "-noverify", "-nmin", "60",
                "-respout", response)
        return response
