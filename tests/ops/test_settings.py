"""Settings: the environment before the file, and a wrong value named with an example."""

import base64
from pathlib import Path

import pytest

from adapters.teams_trust import MICROSOFT_HOSTS
from bot.keys import DAY
from bot.retention import KINDS
from ops.settings import Settings, SettingsError, load, table
from tests.teams.certificates import certificate, private, written

NAMES = ("HAUSGEIST_", "SLACK_", "MICROSOFT_")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith(NAMES):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_nothing_set_is_sound() -> None:
    settings = load()
    assert settings.on_loopback
    assert settings.port == 8080
    assert settings.data_dir.is_absolute()


def test_lists_keys_and_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAUSGEIST_API_KEYS", "ci:s3cret:hr+board, app:0ther")
    monkeypatch.setenv("HAUSGEIST_LANGUAGES", "de,fr")
    monkeypatch.setenv("HAUSGEIST_GROUPS", '{"hr": ["slack:T1:U1"]}')
    monkeypatch.setenv("HAUSGEIST_BIND", "[::1]:0")
    settings = load()
    assert settings.api_keys == ("ci:s3cret:hr+board", "app:0ther")
    assert settings.languages == ("de", "fr")
    assert settings.groups == {"hr": frozenset({"slack:T1:U1"})}
    assert (settings.host, settings.on_loopback) == ("::1", True)


def test_the_environment_comes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "hausgeist.toml").write_text(
        'bind = "127.0.0.1:1"\nmodel_name = "small"\n'
        'slack_bot_token = "xoxb-1"\nslack_signing_secret = "s"\n[groups]\nhr = ["a"]\n'
    )
    monkeypatch.setenv("HAUSGEIST_BIND", "127.0.0.1:2")
    settings = load()
    assert (settings.port, settings.model_name) == (2, "small")
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1"
    assert settings.groups == {"hr": frozenset({"a"})}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HAUSGEIST_BIND", "8080", "127.0.0.1:8080"),
        ("HAUSGEIST_BIND", "127.0.0.1:99999", "HOST:PORT"),
        ("HAUSGEIST_REDIS_URL", "localhost", "redis://localhost:6379/0"),
        ("HAUSGEIST_MODEL_URL", "gpu-1", "http://gpu-1:30000/v1"),
        ("HAUSGEIST_SYNC_MINUTES", "0", "15"),
        ("HAUSGEIST_GROUPS", "hr", "slack:T1:U1"),
        ("HAUSGEIST_SLOTS", "0", "16"),
        ("HAUSGEIST_RETENTION_DAYS", '{"conversation": 60}', "60 must be a number of days above 0 and at most 30"),
        ("HAUSGEIST_RETENTION_DAYS", '{"talk": 3}', "must be one of conversation, answer"),
        ("MICROSOFT_APP_TYPE", "Multi", "SingleTenant"),
        ("MICROSOFT_APP_CERTIFICATE", "/none.pem", "'/none.pem': cannot be read: No such file or directory; for"),
        ("HAUSGEIST_TEAMS_SERVICE_URLS", "https://a.example/ smba", "'smba': not a service URL"),
        ("HAUSGEIST_TEAMS_SENSITIVITY", "x" * 101, "Confidential"),
        ("SLACK_API_URL", "slack", "https://slack.com/api/"),
        ("HAUSGEIST_HELPDESK", "C0HELP", "slack:C0HELP"),
        ("HAUSGEIST_OUTSIDERS", "everyone", "guests"),
        ("HAUSGEIST_STALE_DAYS", "0", "365"),
    ],
)
def test_a_wrong_value_is_named_with_an_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load()
    assert name in str(raised.value)
    assert told in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_wrong_secret_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("HAUSGEIST_SECRET_KEY", "hunter2"), ("HAUSGEIST_REDIS_URL", "http://:hunter2@redis")):
        monkeypatch.setenv(name, value)
        with pytest.raises(SettingsError, match=name) as raised:
            load()
        assert "hunter2" not in str(raised.value)
        monkeypatch.delenv(name)


def test_unknown_names_and_broken_files_are_told(tmp_path: Path) -> None:
    for text, told in (("bimd = 1\n", "bimd"), ("bind = \n", "hausgeist.toml")):
        (tmp_path / "hausgeist.toml").write_text(text)
        with pytest.raises(SettingsError, match=told):
            load()


def test_unchecked_teams_needs_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAUSGEIST_TEAMS_INSECURE", "1")
    monkeypatch.setenv("HAUSGEIST_BIND", "0.0.0.0:8080")
    with pytest.raises(SettingsError, match="loopback"):
        load()


def test_half_a_slack_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    with pytest.raises(SettingsError, match="SLACK_SIGNING_SECRET"):
        load()
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    with pytest.raises(SettingsError, match="SLACK_BOT_TOKEN"):
        load()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"SLACK_CLIENT_ID": "1.2"}, "^SLACK_CLIENT_SECRET is missing"),
        ({"SLACK_CLIENT_SECRET": "hunter2", "SLACK_APP_TOKEN": "xapp-1"}, "^SLACK_CLIENT_ID is missing"),
        ({"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "hunter2"}, "^HAUSGEIST_WORKSPACES is missing"),
        (
            {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "hunter2", "workspaces": "T1"},
            "^SLACK_CLIENT_ID is set, but neither",
        ),
        (
            {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "hunter2", "SLACK_BOT_TOKEN": "xoxb-1"},
            "leave one of them out",
        ),
    ],
)
def test_half_an_installable_slack_is_told(given: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as raised:
        load(**given)
    assert "hunter2" not in str(raised.value)


def test_an_installable_slack_is_sound() -> None:
    settings = load(SLACK_CLIENT_ID="1.2", SLACK_CLIENT_SECRET="hunter2", SLACK_SIGNING_SECRET="s", workspaces="T1")
    assert settings.slack_client_id == "1.2"
    assert "hunter2" not in table(settings)


def test_half_a_teams_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROSOFT_APP_ID", "0d4e5f60")
    with pytest.raises(SettingsError, match="MICROSOFT_APP_PASSWORD"):
        load()
    monkeypatch.setenv("MICROSOFT_APP_TYPE", "UserAssignedMSI")
    assert load().microsoft_app_id


def test_teams_signs_in_with_a_password_or_a_certificate_not_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pem = written(tmp_path / "bot.pem", private(), certificate())
    monkeypatch.setenv("MICROSOFT_APP_CERTIFICATE", pem)
    with pytest.raises(SettingsError, match="MICROSOFT_APP_ID is missing"):
        load()
    monkeypatch.setenv("MICROSOFT_APP_ID", "0d4e5f60")
    assert load().microsoft_app_certificate == pem
    assert "BEGIN" not in table(load())
    monkeypatch.setenv("MICROSOFT_APP_TYPE", "UserAssignedMSI")
    with pytest.raises(SettingsError, match="a managed identity needs none"):
        load()
    monkeypatch.setenv("MICROSOFT_APP_TYPE", "SingleTenant")
    monkeypatch.setenv("MICROSOFT_APP_PASSWORD", "hunter2")
    with pytest.raises(SettingsError, match="MICROSOFT_APP_PASSWORD and MICROSOFT_APP_CERTIFICATE") as raised:
        load()
    assert "hunter2" not in str(raised.value)


def test_a_certificate_that_is_over_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pem = written(tmp_path / "bot.pem", private(), certificate(days=-1, began=30))
    monkeypatch.setenv("MICROSOFT_APP_ID", "0d4e5f60")
    monkeypatch.setenv("MICROSOFT_APP_CERTIFICATE", pem)
    with pytest.raises(SettingsError, match=f"MICROSOFT_APP_CERTIFICATE='{pem}': expired on .*; for example") as raised:
        load()
    assert len(str(raised.value).splitlines()) == 1


def test_the_table_hides_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-hunter2")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "hunter2")
    monkeypatch.setenv("HAUSGEIST_API_KEYS", "ci:hunter2")
    monkeypatch.setenv("HAUSGEIST_SECRET_KEY", base64.b64encode(b"hunter2" + bytes(25)).decode())
    shown = table(load())
    assert "hunter2" not in shown
    assert all(name in shown for name in ("SLACK_BOT_TOKEN", "HAUSGEIST_BIND", "HAUSGEIST_API_KEYS"))


def shown(**given: object) -> dict[str, str]:
    """What `config show` prints, by setting."""
    return {name: value for name, _, value in (line.partition(" ") for line in table(load(**given)).splitlines())}


def test_the_table_shows_what_is_in_force() -> None:
    values = {name: value.strip() for name, value in shown().items()}
    assert values["HAUSGEIST_REDIS_URL"] == "embedded Valkey"
    assert values["HAUSGEIST_REDIS_LENIENT"] == "off"
    assert values["HAUSGEIST_SLOTS"] == "2"
    assert values["HAUSGEIST_GROUPS_FILE"] == "(not set)"
    assert values["HAUSGEIST_MAIL_FROM"] == "hausgeist@localhost"
    assert values["HAUSGEIST_PATIENCE_SECONDS"] == "120"
    assert values["HAUSGEIST_RETENTION_DAYS"] == ("conversation 30, answer 90, question 7, kept 1, parked 30, seen 1")
    given = shown(model_url="http://gpu-1/v1", redis_lenient=True, retention_days={"seen": 0.5})
    assert given["HAUSGEIST_SLOTS"].strip() == "16"
    assert given["HAUSGEIST_REDIS_LENIENT"].strip() == "on"
    assert given["HAUSGEIST_RETENTION_DAYS"].endswith("parked 30, seen 0.5")
    assert shown(slots=5)["HAUSGEIST_SLOTS"].strip() == "5"


def test_answers_in_teams_go_to_all_hosts_that_the_adapter_knows() -> None:
    assert load().teams_service_urls == ()
    assert load(teams_insecure=True).teams_service_urls == MICROSOFT_HOSTS
    given = load(MICROSOFT_APP_ID="1", MICROSOFT_APP_PASSWORD="p", teams_service_urls="https://proxy.example/")
    assert given.teams_service_urls == ("https://proxy.example/",)


def test_every_class_of_data_is_documented_with_its_days() -> None:
    text = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
    for name, kind in KINDS.items():
        assert f"| `{name}` | {kind.seconds / DAY:g} |" in text


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
    names = [field.validation_alias or f"HAUSGEIST_{name.upper()}" for name, field in Settings.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_a_file_of_groups_must_be_there_and_sound_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "groups.toml"
    with pytest.raises(SettingsError, match=r"HAUSGEIST_GROUPS_FILE=.*cannot be read"):
        load(groups_file=file)
    file.write_text("hr = 1")
    with pytest.raises(SettingsError, match="must be like"):
        load(groups_file=file)
    file.write_text('hr = ["slack:T1:U1"]')
    assert load(groups_file=file).groups_file == file


def test_entra_is_asked_as_the_bot_in_its_tenant() -> None:
    for known in ({}, {"MICROSOFT_APP_ID": "a", "MICROSOFT_APP_PASSWORD": "p"}):
        with pytest.raises(
            SettingsError, match=r"MICROSOFT_APP_(TENANT_)?ID is missing: HAUSGEIST_GROUP_SOURCES=entra"
        ):
            load(group_sources="entra", **known)


def test_a_language_that_ocr_has_no_data_for_is_said_with_its_remedy() -> None:
    with pytest.raises(SettingsError, match=r"HAUSGEIST_OCR='xxx': .*apt-get install tesseract-ocr-xxx"):
        load(ocr="xxx")
