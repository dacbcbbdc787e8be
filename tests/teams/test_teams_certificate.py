"""The certificate to sign in with: read whole, or refused in a line that says why."""

import datetime as dt
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.teams_certificate import Certificate
from tests.teams.certificates import OTHER, certificate, private, written

CURVE = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize("old", [False, True])
def test_key_and_certificate_are_found_in_any_order(tmp_path: Path, old: bool) -> None:
    own = certificate()
    for parts in ((private(old=old), own), (own, private(old=old)), (certificate(key=OTHER), own, private(old=old))):
        read = Certificate.read(written(tmp_path / "bot.pem", *parts))
        assert read.chain.startswith(own.strip())
        assert "PRIVATE KEY" in read.key
        assert "PRIVATE" not in read.chain
        assert read.days_left in {364, 365}
    assert read.expires.tzinfo == dt.UTC


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((), "no private key"),
        ((certificate(),), "no private key"),
        ((private(),), "no certificate"),
        ((private(), certificate(key=OTHER)), "another certificate"),
        ((private(), certificate(days=-1, began=30)), "expired on"),
        ((private(), certificate(began=-2)), "valid only from"),
        ((private(password=b"sesame"), certificate()), "has a password"),
        ((private(password=b"sesame", old=True), certificate()), "has a password"),
        ((private(CURVE), certificate(key=CURVE)), "none of RSA"),
        ((private().replace("MII", "AAA"), certificate()), "private key cannot be read"),
        ((private(), certificate().replace("MII", "AAA")), "certificate cannot be read"),
        ((private(), "x" * (2 << 20)), "larger than 1 MB"),
        (("\u00fc\u20ac" * 100, private()), "no certificate"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_quoted(tmp_path: Path, parts: tuple[str, ...], told: str) -> None:
    with pytest.raises(ValueError, match=told) as error:
        Certificate.read(written(tmp_path / "bot.pem", *parts))
    assert "MII" not in str(error.value)


def test_a_file_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pem", tmp_path):
        with pytest.raises(ValueError, match="cannot be read"):
            Certificate.read(str(path))
