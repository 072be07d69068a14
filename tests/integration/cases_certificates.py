"""Cases for test_hostile.py: what certificates are like, and what OCSP and DNS say of them. Trust, names and times have
many more in tests/unit/test_certificate.c, OCSP in test_staple.c, TLSA in test_dane.c."""

import dataclasses

from cases_tls import speaks

REVOKED = {"certificate": "cert_revoked"}


def with_tlsa(case, *tlsa, authentic=True):
    """The case, with these TLSA records."""
    return dataclasses.replace(case, tlsa=tlsa, authentic=authentic)


FAULTS = [
    speaks("weak_key", "RSA with 1,024 bits has been factored by those who can afford it; hardened peers refuse it",
           "warning", {"certificate": "cert_weak_key"}, certificate="weak_key"),
    speaks("weak_signature", "SHA-1 can be made to sign another certificate too", "warning",
           {"certificate": "cert_weak_signature"}, certificate="weak_signature"),
    speaks("wrong_usage", "an extended key usage that leaves serverAuth out is for others", "warning",
           {"certificate": "cert_wrong_usage"}, certificate="clients_only"),
    speaks("cn_only", "current peers look for subjectAltName alone, old ones accept this", "warning",
           {"certificate": "cert_cn_only"}, certificate="cn_only"),
]

OCSP = [
    speaks("stapled", "the CA says that all is well", "ok", {}, staple="good_by_intermediate"),
    speaks("stapled_with_tls_1_2", "... which has a message of its own for it", "ok", {}, newest="TLSv1_2",
           staple="good_by_intermediate"),
    speaks("revoked", "the CA says that nobody should trust it any more", "warning", REVOKED, certificate="revoked",
           staple="revoked_by_intermediate"),
    speaks("revoked_with_tls_1_2", "... in a message of its own", "warning", REVOKED, certificate="revoked",
           newest="TLSv1_2", staple="revoked_by_intermediate"),
    speaks("revoked_by_responder", "... or one whom it made its responder", "warning", REVOKED, certificate="revoked",
           staple="revoked_by_responder"),
    speaks("stapled_by_a_stranger", "anyone can say it; only the issuer's word counts", "ok", {},
           certificate="revoked", staple="revoked_by_stranger"),
    speaks("stapled_for_another", "it is said of another certificate", "ok", {}, staple="revoked_by_intermediate"),
]

DANE = [
    with_tlsa(speaks("tlsa_match", "DNS names the certificate (DANE-EE)", "ok", {}), (3, "good")),
    with_tlsa(speaks("tlsa_mismatch", "peers that do DANE refuse it, the others take it", "warning",
                     {"certificate": "cert_untrusted"}), (3, "foreign")),
    with_tlsa(speaks("tlsa_rollover", "one of several records is enough", "ok", {}), (3, "foreign"), (1, "good")),
    with_tlsa(speaks("tlsa_self_signed", "most peers do no DANE, so that DNS excuses no certificate", "warning",
                     {"certificate": "cert_self_signed"}, certificate="self_signed"), (3, "self_signed")),
    with_tlsa(speaks("tlsa_not_authentic", "without DNSSEC anyone could have made the records up", "ok", {}),
              (3, "foreign"), authentic=False),
]

CASES = FAULTS + OCSP + DANE
