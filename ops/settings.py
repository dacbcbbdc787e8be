"""All settings, read once at the start from the environment or `hausgeist.toml`; nothing else reads the environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, NoReturn

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from ops.settings_guard import GuardSettings
from ops.settings_knowledge import KnowledgeSettings
from ops.settings_values import (
    Address,
    ApiKeys,
    CertificateFile,
    Days,
    Folder,
    Key,
    Languages,
    Outsiders,
    Places,
    RedisUrl,
    ServiceUrls,
    Url,
    Words,
    slots,
    teams_hosts,
)

EMPTY: Final = SecretStr("")
# What is in force where nothing is set.
UNSET: Final = {
    "redis_url": "embedded Valkey",
    "model_url": "embedded llama.cpp",
    "embedding_url": "on the CPU",
    "milvus_url": "vectors are searched in this process",
    "secret_key": "made in the data directory",
    "slack_api_url": "Slack's",
}


class SettingsError(Exception):
    """A setting is wrong; the text names it, its value and an example, one line each."""


class Settings(GuardSettings, KnowledgeSettings):
    """The settings, with defaults that work on one machine with nothing set."""

    model_config = SettingsConfigDict(
        env_prefix="HAUSGEIST_",
        toml_file="hausgeist.toml",
        extra="forbid",
        env_ignore_empty=True,
        frozen=True,
        validate_default=True,
    )

    redis_url: RedisUrl | None = Field(
        None, examples=["redis://localhost:6379/0"], description="Redis or Valkey; none: an embedded Valkey."
    )
    model_url: Url | None = Field(
        None, examples=["http://gpu-1:30000/v1"], description="An OpenAI-compatible /v1; none: an embedded model."
    )
    model_name: str = Field("default", examples=["small"], description="The model to ask for, or a local GGUF file.")
    model_key: SecretStr = Field(EMPTY, description="The key for the model server.")
    data_dir: Folder = Field(
        Path("~/.local/share/hausgeist"), examples=["/var/lib/hausgeist"], description="Index, state, keys."
    )
    cache_dir: Folder = Field(Path("~/.cache/hausgeist"), examples=["/var/cache/hausgeist"], description="Model files.")
    bind: Address = Field("127.0.0.1:8080", examples=["127.0.0.1:8080"], description="Where HTTP is served.")
    secret_key: Key | None = Field(
        None, description="32 bytes in base64, shared by replicas; none: made in the data directory."
    )
    api_keys: ApiKeys = Field(
        (), examples=["ci:s3cret:hr+board"], description="NAME:KEY[:GROUP+GROUP] entries; none: loopback only."
    )
    command: str = Field("/hausgeist", description="The slash command in Slack.")
    admins: Words = Field(
        (), examples=["slack:T1:U1"], description="Ids of those who may change how a channel is answered."
    )
    languages: Languages = Field(
        ("en", "de", "fr"), examples=["en,de,fr"], description="Languages of documents and people."
    )
    outsiders: Outsiders = Field(
        (), examples=["guests"], description="Who is answered although not of the company: guests, external."
    )
    helpdesk: Places = Field(
        (),
        examples=["slack:C0HELP"],
        description="Where a question goes whose asker wants a person: PLATFORM:CHANNEL entries.",
    )

    slots: Annotated[int, Field(gt=0, le=1000)] = Field(
        default_factory=slots,
        examples=["16"],
        description="Answers under way at once in one worker; none: 16, or 2 if embedded.",
    )
    patience_seconds: Annotated[float, Field(gt=0)] = Field(
        120, examples=["120"], description="After waiting so long, a question gets its best passages without a model."
    )
    model_queue: Annotated[int, Field(gt=0)] = Field(
        32, examples=["32"], description="The same where so many requests wait at the model server."
    )
    model_window: Annotated[int, Field(ge=2048)] = Field(
        4096, examples=["32768"], description="How many tokens a prompt and its answer may have."
    )
    grace_seconds: Annotated[float, Field(gt=0)] = Field(
        25, examples=["25"], description="After SIGTERM, how long answers may finish before they are handed over."
    )
    redis_lenient: bool = Field(
        False, examples=["1"], description="Only warn of a Redis that may lose questions (no AOF, evicting)."
    )
    retention_days: Days = Field(
        {},
        examples=['{"conversation": 14}'],
        description="Days that a class of data is kept, where shorter than the default; as JSON or a table.",
    )

    slack_bot_token: SecretStr = Field(EMPTY, validation_alias="SLACK_BOT_TOKEN")
    slack_signing_secret: SecretStr = Field(EMPTY, validation_alias="SLACK_SIGNING_SECRET")
    slack_app_token: SecretStr = Field(EMPTY, validation_alias="SLACK_APP_TOKEN")
    slack_client_id: str = Field("", validation_alias="SLACK_CLIENT_ID")
    slack_client_secret: SecretStr = Field(EMPTY, validation_alias="SLACK_CLIENT_SECRET")
    workspaces: Words = Field(
        (), examples=["T0HOUSE,E0GROUP"], description="Ids of the workspaces and organisations that may install us."
    )
    slack_api_url: Url | None = Field(None, validation_alias="SLACK_API_URL", examples=["https://slack.com/api/"])

    microsoft_app_id: str = Field("", validation_alias="MICROSOFT_APP_ID")
    microsoft_app_password: SecretStr = Field(EMPTY, validation_alias="MICROSOFT_APP_PASSWORD")
    microsoft_app_certificate: CertificateFile = Field(
        "", validation_alias="MICROSOFT_APP_CERTIFICATE", examples=["/etc/hausgeist/teams.pem"]
    )
    microsoft_app_tenant_id: str = Field("", validation_alias="MICROSOFT_APP_TENANT_ID")
    microsoft_app_type: Literal["SingleTenant", "MultiTenant", "UserAssignedMSI"] = Field(
        "SingleTenant", validation_alias="MICROSOFT_APP_TYPE", examples=["SingleTenant"]
    )
    teams_insecure: bool = Field(False, examples=["1"], description="Serve Teams unchecked, on a loopback bind only.")
    teams_service_urls: ServiceUrls = Field(
        default_factory=teams_hosts,
        examples=["https://smba.trafficmanager.net/"],
        description="Prefixes of service URLs that replies may go to; none: Microsoft's.",
    )

    teams_sensitivity: str = Field(
        "", max_length=100, examples=["Confidential"], description="The sensitivity label that answers carry in Teams."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def host(self) -> str:
        """The host of `bind`."""
        return self.bind.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port of `bind`."""
        return int(self.bind.rpartition(":")[2])

    @property
    def on_loopback(self) -> bool:
        """True if only this machine can reach us."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


def load(**overrides: object) -> Settings:
    """The settings, with what a command sets itself; raises SettingsError."""
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # checked by pydantic
    except ValidationError as error:
        _explain(error)
    except (OSError, ValueError) as error:
        raise SettingsError(f"hausgeist.toml cannot be read: {error}") from error
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    """Raises SettingsError for settings that are sound alone and not together."""
    if settings.teams_insecure and not settings.on_loopback:
        raise SettingsError(
            f"HAUSGEIST_TEAMS_INSECURE=1 serves unchecked requests and needs a loopback bind, not {settings.bind}; "
            "set HAUSGEIST_BIND=127.0.0.1:8080"
        )
    _check_slack(settings)
    _check_teams(settings)
    if "entra" in settings.group_sources and not (settings.microsoft_app_id and settings.microsoft_app_tenant_id):
        missing = "MICROSOFT_APP_TENANT_ID" if settings.microsoft_app_id else "MICROSOFT_APP_ID"
        raise SettingsError(
            f"{missing} is missing: HAUSGEIST_GROUP_SOURCES=entra asks Entra as that app, in that tenant"
        )


def _check_teams(settings: Settings) -> None:
    password, certificate = settings.microsoft_app_password.get_secret_value(), settings.microsoft_app_certificate
    needed = settings.microsoft_app_type != "UserAssignedMSI" and not settings.teams_insecure
    if settings.microsoft_app_id and needed and not (password or certificate):
        raise SettingsError(
            "MICROSOFT_APP_PASSWORD is missing; it is a client secret of the bot's app registration "
            "(with a certificate: MICROSOFT_APP_CERTIFICATE, for example /etc/hausgeist/teams.pem)"
        )
    if password and certificate:
        raise SettingsError(
            "MICROSOFT_APP_PASSWORD and MICROSOFT_APP_CERTIFICATE are two ways to sign in: leave one of them out"
        )
    if certificate and settings.microsoft_app_type == "UserAssignedMSI":
        raise SettingsError(
            f"MICROSOFT_APP_CERTIFICATE={certificate!r}: a managed identity needs none; leave it out, or set "
            "MICROSOFT_APP_TYPE=SingleTenant"
        )
    if (password or certificate) and not settings.microsoft_app_id:
        raise SettingsError("MICROSOFT_APP_ID is missing; it stands on the bot's Configuration page")


def _check_slack(settings: Settings) -> None:
    token, client = settings.slack_bot_token.get_secret_value(), settings.slack_client_id
    proof = settings.slack_signing_secret.get_secret_value() or settings.slack_app_token.get_secret_value()
    if bool(client) != bool(settings.slack_client_secret.get_secret_value()):
        missing = "SLACK_CLIENT_SECRET" if client else "SLACK_CLIENT_ID"
        raise SettingsError(f"{missing} is missing; both stand on the app's page under Basic Information")
    if token and client:
        raise SettingsError(
            "SLACK_BOT_TOKEN is for one workspace, SLACK_CLIENT_ID for all that install the app: leave one of them out"
        )
    if client and not settings.workspaces:
        raise SettingsError(
            "HAUSGEIST_WORKSPACES is missing: anybody who has the link could install the app and ask; name the "
            "workspaces and organisations that may, for example T0HOUSE,E0GROUP"
        )
    if (token or client) and not proof:
        raise SettingsError(
            f"{'SLACK_BOT_TOKEN' if token else 'SLACK_CLIENT_ID'} is set, but neither SLACK_SIGNING_SECRET (HTTP) "
            "nor SLACK_APP_TOKEN (Socket Mode); both stand on the app's page under Basic Information"
        )
    if proof and not (token or client):
        raise SettingsError(
            "SLACK_BOT_TOKEN is missing; it begins with xoxb- and stands under OAuth & Permissions "
            "(for several workspaces: SLACK_CLIENT_ID and SLACK_CLIENT_SECRET)"
        )


def table(settings: Settings) -> str:
    """Every setting with its value in force, secrets hidden; one line each."""
    values = [(_name(field), _shown(settings, field)) for field in Settings.model_fields]
    width = max(len(name) for name, _ in values)
    return "\n".join(f"{name:{width}}  {value}" for name, value in values)


def _shown(settings: Settings, field: str) -> str:
    value = getattr(settings, field)
    if isinstance(value, bool):
        return "on" if value else "off"
    if field == "retention_days":
        return _terms(value)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if not value or value == Path():
        return UNSET.get(field, "(not set)")
    if _is_secret(_name(field), str(value)):
        return "(hidden)"
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _terms(days: Mapping[str, float]) -> str:
    from bot.keys import DAY
    from bot.retention import terms

    return ", ".join(f"{name} {seconds / DAY:g}" for name, seconds in terms(days).items())


def _name(field: str) -> str:
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"HAUSGEIST_{field.upper()}"


def _is_secret(name: str, value: str) -> bool:
    in_url = "@" in value and name not in ("HAUSGEIST_GUARD_POLICY", "HAUSGEIST_MAIL_FROM")
    return in_url or any(word in name for word in ("KEY", "TOKEN", "SECRET", "PASSWORD"))


def _explain(error: ValidationError) -> NoReturn:
    problems = (dict(problem) for problem in error.errors(include_url=False))
    told = [_line(problem) for problem in problems if problem["type"] != "default_factory_not_called"]
    raise SettingsError("\n".join(told)) from None


def _line(problem: dict[str, object]) -> str:
    location = problem["loc"]
    field = str(location[0]) if isinstance(location, tuple) and location else ""
    if problem["type"] == "extra_forbidden":
        short = field.lower().removeprefix("hausgeist_")
        hint = f"write {short} there" if short in Settings.model_fields else "`hausgeist config show` lists them all"
        return f"hausgeist.toml: there is no setting {field!r}; {hint}"
    info = Settings.model_fields[field.lower()]
    name = _name(field.lower())
    hidden = _is_secret(name, str(problem["input"]))
    example = f"; for example {info.examples[0]}" if info.examples else ""
    value = "(hidden)" if hidden else repr(problem["input"])
    return f"{name}={value}: {str(problem['msg']).removeprefix('Value error, ')}{example}"
