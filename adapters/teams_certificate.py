"""The certificate that our bot signs in with, in place of a password: a PEM file with its private key."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_LONGEST: Final = 1 << 20
_KEY: Final = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.*?-----END (?:[A-Z]+ )*PRIVATE KEY-----", re.DOTALL)
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A private key with its certificate, and those that vouch for it, all as PEM."""

    key: str
    chain: str
    expires: datetime

    @classmethod
    def read(cls, path: str) -> "Certificate":
        """What a file holds. Raises ValueError, whose text says what is wrong and quotes nothing of it."""
        text = _text(Path(path).expanduser())
        key, chain = _KEY.search(text), _CERTIFICATE.findall(text)
        if not key or not chain:
            raise ValueError(f"holds no {'certificate' if key else 'private key'}; both belong into one PEM file")
        public = _private(key[0]).public_key()
        own = [pem for pem in chain if _parsed(pem).public_key() == public]
        if not own:
            raise ValueError("the private key belongs to another certificate")
        leaf = _parsed(own[0])
        now = datetime.now(UTC)
        if leaf.not_valid_after_utc < now:
            raise ValueError(
                f"expired on {leaf.not_valid_after_utc:%Y-%m-%d}; upload a new one to the app registration"
            )
        if leaf.not_valid_before_utc > now:
            raise ValueError(f"is valid only from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")
        rest = [pem for pem in chain if pem != own[0]]
        return cls(key[0], "\n".join([own[0], *rest]), leaf.not_valid_after_utc)

    @property
    def days_left(self) -> int:
        """How many whole days it is still good for."""
        return (self.expires - datetime.now(UTC)).days


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LONGEST:
            raise ValueError("is larger than 1 MB")
        return path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error


def _private(pem: str) -> rsa.RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except TypeError as error:
        raise ValueError("the private key has a password; take it off with openssl pkey") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("the private key cannot be read") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the private key is none of RSA, and Microsoft takes no other")
    return key


def _parsed(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise ValueError("the certificate cannot be read") from error
