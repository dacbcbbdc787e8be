"""Keys, tokens and passwords: found beside their words and by their form, and not where they are only spoken of."""

import base64
import json

import pytest

from guardrails.engine import Forms


def _jwt() -> str:
    parts = ({"alg": "HS256"}, {"sub": "1"})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJlLW9mLWl0"])


KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"
SECRETS = [
    ("use ghp_" + "a1B2" * 9 + " now", "ghp_" + "a1B2" * 9),
    ("AWS AKIA" + "IOSFODNN7ABCDEFG", "AKIA" + "IOSFODNN7ABCDEFG"),
    ("slack xoxb-" + "123456789012-abcdefghij.", "xoxb-" + "123456789012-abcdefghij"),
    (
        "post to https://hooks.slack.com/services/T0A1B2C3D/" + "B0A1B2C3D/aB3dE6gH9jK2mN5pQ8sT1vW4 now",
        "hooks.slack.com/services/T0A1B2C3D/" + "B0A1B2C3D/aB3dE6gH9jK2mN5pQ8sT1vW4",
    ),
    ("OPENAI sk-proj-" + "abc123DEF456ghi789", "sk-proj-" + "abc123DEF456ghi789"),
    ("gitlab glpat-" + "aB3" * 7, "glpat-" + "aB3" * 7),
    ("pay sk_live_" + "aB3c" * 6, "sk_live_" + "aB3c" * 6),
    ("maps AIza" + "aB3cd" * 7, "AIza" + "aB3cd" * 7),
    (f"token {_jwt()} end", _jwt()),
    ("postgres://app:S3cr3t!x@db.intern:5432/people", "postgres://app:S3cr3t!x@db.intern:5432/people"),
    ("Server=db;User Id=a;Password=Xy12zz!q;", "Xy12zz!q"),
    ("Das Passwort ist Sommer2024!", "Sommer2024!"),
    ("password: hunter2", "hunter2"),
    ("My password is 'swordfish' really", "swordfish"),
    ("Passwort: geheimnis\nDanke", "geheimnis"),
    ("mon mot de passe est Tr0ub4dor&3", "Tr0ub4dor&3"),
    ("api_key = 9f8e7d6c5b4a39281706", "9f8e7d6c5b4a39281706"),
    ("aws_secret_access_key=wJalrXUtnFEMIK7MDENGbPxRfiCYab12cd34", "wJalrXUtnFEMIK7MDENGbPxRfiCYab12cd34"),
    ("Authorization: Bearer abcdef123456789", "abcdef123456789"),
    (
        "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
    ),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl"),
]
HARMLESS = [
    "The password is required, and passwords are changed every year.",
    "Passwort: optional. Mein Passwort ist abgelaufen, das Kennwort war zu kurz.",
    "How do I reset my password for the VPN on Kubernetes?",
    "Où changer mon mot de passe ? Le mot de passe est obligatoire.",
    "password = os.environ['PASSWORD']; token: str = request.headers.get('token')",
    "PASSWORD=${DB_PASSWORD} and password: <your password> and api_key: YOUR_API_KEY",
    "postgres://user:password@localhost/db",
    "https://example.com/eyJhbGciOi.not.a.token",
    "commit 9f8e7d6c5b4a392817069f8e7d6c5b4a39281706",
    "The secret is out: we move in May.",
    "token: string, password: string",
]


@pytest.fixture(scope="module")
def forms() -> Forms:
    return Forms()


@pytest.mark.parametrize(("text", "secret"), SECRETS, ids=range(len(SECRETS)))
def test_secrets_are_found(forms: Forms, text: str, secret: str) -> None:
    assert secret in [text[s.start : s.end] for s in forms.spans(text) if s.type == "SECRET"]


@pytest.mark.parametrize("text", HARMLESS)
def test_speaking_of_secrets_is_harmless(forms: Forms, text: str) -> None:
    assert [s for s in forms.spans(text) if s.type == "SECRET"] == []
