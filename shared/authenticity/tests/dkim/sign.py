"""Signs the messages of this folder, with new keys, by an implementation that is not ours: dkimpy 1.1, pynacl.

    python3 sign.py   # writes *.eml and keys.toml beside itself
"""

import base64
import pathlib
import time

import dkim
import nacl.signing
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

HERE = pathlib.Path(__file__).parent
SIGNED_AT = 1795338000  # 2026-11-22 09:00 UTC
time.time = lambda: SIGNED_AT

records = {}


def rsa_key(name, bits):
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    records[name] = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def ed25519_key(name):
    key = nacl.signing.SigningKey.generate()
    records[name] = "v=DKIM1; k=ed25519; p=" + base64.b64encode(bytes(key.verify_key)).decode()
    return base64.b64encode(bytes(key))


KEYS = {
    "rsa": rsa_key("rsa._domainkey.example.com", 2048),
    "small": rsa_key("small._domainkey.example.com", 1024),
    "ed": ed25519_key("ed._domainkey.example.com"),
    "other": rsa_key("other._domainkey.example.edu", 2048),
}

HEADER = """From: Example Weekly <news@news.example.com>
To: Ann Example <ann@example.org>
Subject: News of the week,
 which are so many that they
\tare folded  twice
Date: Sun, 22 Nov 2026 08:59:00 +0000
Message-ID: <1@news.example.com>
"""
BODY = "\nHello Ann,  \n\nthis is the news.\n\n\n"
SIGNED = "from to subject date message-id"


class Signer(dkim.DKIM):
    extra = []

    def gen_header(self, fields, *rest, **more):
        return super().gen_header(list(fields) + self.extra, *rest, **more)


def sign(name, header=HEADER, key="rsa", form="relaxed/simple", signed=SIGNED, extra=(), domain="example.com", **more):
    message = (header + BODY).replace("\n", "\r\n").encode()
    signer = Signer(message, linesep=b"\r\n", signature_algorithm=b"ed25519-sha256" if key == "ed" else b"rsa-sha256")
    signer.extra = list(extra)
    selector = key.encode()
    field = signer.sign(
        selector,
        domain.encode(),
        KEYS[key],
        canonicalize=tuple(part.encode() for part in form.split("/")),
        include_headers=[part.encode() for part in signed.split()],
        **more,
    )
    (HERE / f"{name}.eml").write_bytes((field + message).replace(b"\r\n", b"\n"))


TO = "To: Ann Example <ann@example.org>\n"
CONTACT = "X-Rebound-Contact: ann@example.org\n"
sign("relaxed")
sign("simple", form="simple/simple")
sign("relaxed-body", form="relaxed/relaxed")
sign("ed25519", key="ed", form="relaxed/relaxed")
sign("small-key", key="small")
sign("body-length", length=True)
sign("expires", extra=[(b"x", str(SIGNED_AT + 7 * 86400).encode())])
sign("another-domain", key="other", domain="example.edu")
sign("to-not-signed", signed="from subject date message-id")
sign("date-not-signed", signed="from to subject message-id")
sign("oversigned", signed="from from to to subject date")
sign("two-in-to", header=HEADER.replace("<ann@example.org>", "<ann@example.org>, bob@example.net"))
sign("copied", header=HEADER.replace(TO, TO + "Cc: bob@example.net\n"))
sign("contact-field", header=HEADER.replace(TO, "To: members@lists.example.com\n" + CONTACT), signed=SIGNED + " x-rebound-contact")
sign("contact-not-signed", header=HEADER.replace(TO, "To: undisclosed-recipients:;\n" + CONTACT))
sign("identity", identity=b"@news.example.com")

lines = [f'"{name}" = "{record}"\n' for name, record in sorted(records.items())]
(HERE / "keys.toml").write_text("".join(lines))
