"""Throw-away certificates for a bot to sign in with."""

import datetime as dt
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PEM: Final = serialization.Encoding.PEM
KEY: Final = rsa.generate_private_key(65537, 2048)
OTHER: Final = rsa.generate_private_key(65537, 2048)


def certificate(
    *, days: float = 365, began: float = 1, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY
) -> str:
    """A certificate that signs itself, as PEM; it began so many days ago and lasts so many more."""
    now, name = dt.datetime.now(dt.UTC), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hausgeist")])
    builder = x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=began))
    made = builder.not_valid_after(now + dt.timedelta(days=days)).sign(key, hashes.SHA256())
    return made.public_bytes(PEM).decode()


def private(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY, password: bytes | None = None, *, old: bool = False
) -> str:
    """A private key as PEM."""
    shape = serialization.PrivateFormat.TraditionalOpenSSL if old else serialization.PrivateFormat.PKCS8
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(PEM, shape, hidden).decode()


def written(path: Path, *parts: str) -> str:
    """A file of these parts; its path."""
    path.write_text("Bag Attributes\n    friendlyName: hausgeist\n" + "\n".join(parts))
    return str(path)
