"""Settings: their names, kinds and defaults."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.core import fields
from bot.core.model import App, Grantees
from bot.core.parsing.command_line import Apps
from bot.core.parsing.presets import parse_presets
from bot.core.policy import Rules
from bot.errors import UsageError
from bot.http_client.loopback import is_loopback
from bot.im.redis_url import RedisAddress, parse_redis_url
from bot.im.regions import REGIONS

NO_CHANNEL = "none"
"""The value of AUDIT_CHANNEL for no channel."""
DEFAULT_PORT = 3000
"""The port of HTTP mode when PORT is not set."""
_TOKEN_KINDS = {
    "xoxb-": "is a bot token (xoxb-…); it belongs in SLACK_BOT_TOKEN",
    "xapp-": "is an app-level token (xapp-…); it belongs in SLACK_APP_TOKEN",
}
NOBODY = "is empty; set it to * for every full member, or list user and user-group ids"
"""The mistake of a role that nobody has."""


def _check_url(url: str) -> str:
    if not _is_safe(url):
        raise ValueError(
            "must be an https URL, or http on this machine (127.0.0.1, localhost), "
            "without a user name, a password or a query"
        )
    return url


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        more = "@" in parts.netloc or parts.query or parts.fragment or parts.port == 0
    except ValueError:  # its text may hold a password
        return False
    if more or not parts.hostname or not re.fullmatch("[!-~]+", url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def _parse_grantees(text: str) -> Grantees:
    ids = [part for part in re.split(r"[\s,]+", text) if part]
    if ids == ["*"]:
        return Grantees(everyone=True)
    for place, part in enumerate(ids, 1):
        if not re.fullmatch(r"[USW][A-Z0-9]+", part):
            raise ValueError(
                "takes user ids (U… or W…) and user-group ids (S…) separated by commas, or * alone; "
                f"item {place} is something else"
            )
    groups = frozenset(part for part in ids if part.startswith("S"))
    return Grantees(people=frozenset(ids) - groups, groups=groups)


def _parse_custom_fields(text: str) -> tuple[fields.Field, ...]:
    parts = [part.partition(":") for part in text.split(",") if part.strip()]
    return tuple(fields.custom_field(keyword.strip(), label.strip()) for keyword, _, label in parts)


def _parse_fields(text: str, custom: str) -> tuple[fields.Field, ...]:
    names = [part for part in re.split(r"[\s,]+", text) if part]
    return fields.named(names, fields.Domain.PROFILE, _parse_custom_fields(custom))


def _check_viewers(text: str) -> str:
    if _parse_grantees(text) == Grantees():
        raise ValueError(NOBODY)
    return text


def _check_editors(text: str) -> str:
    if _parse_grantees(text).everyone:
        raise ValueError("must list the people who may change profiles; * (everyone) is not allowed")
    return text


def _check_custom_fields(text: str) -> str:
    words = [field.word for field in _parse_custom_fields(text)]
    for place, word in enumerate(words):
        if not re.fullmatch(r"[A-Za-z]{1,8}", word) or word in words[:place]:
            raise ValueError(
                "takes keywords of 1 to 8 ASCII letters, each once, as in Vip,Tier:Service tier; "
                f"item {place + 1} is something else"
            )
    return text


def _check_database_url(url: str) -> str:
    if not re.match(r"sqlite:///.|postgres(ql)?(\+psycopg)?://[^/]", url):
        raise ValueError("must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
    return url


def _check_redis_url(url: str) -> str:
    parse_redis_url(url)
    return url


def _matching(pattern: str, reason: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(reason)
        return text

    return AfterValidator(check)


def _not_starting(*starts: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        for start in starts:
            if secret.get_secret_value().startswith(start):
                raise ValueError(_TOKEN_KINDS[start])
        return secret

    return AfterValidator(check)


class AppSettings(BaseModel):
    """One Tencent Chat app: the variables IM_APPS__<NAME>__…."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    sdk_app_id: int = Field(gt=0)
    """The SDKAppID from the vendor's console."""
    secret_key: SecretStr = Field(min_length=1)
    """The app's secret key; it signs UserSigs."""
    admin: str = "administrator"
    """An admin account of the app."""
    api_url: Annotated[str, AfterValidator(_check_url)] | None = None
    """An API base that replaces the region's; https, or http on loopback."""
    region: str | None = Field(None, validate_default=True)
    """The app's data center: one of the names in `bot.im.regions`; required without an API_URL."""
    custom_fields: Annotated[str, AfterValidator(_check_custom_fields)] = ""
    """The app's own profile fields by keyword, each with an optional label: `Vip,Tier:Service tier`."""
    presets: str = ""
    """Named sets of values for the set command: `reset-nick: nick=, avatar=; unmute: forbid=allowed`."""
    masked_fields: str = ""
    """Fields whose values are hidden in the audit channel, by word or keyword: `signature,Phone`."""

    @field_validator("region")
    @classmethod
    def _check_region(cls, region: str | None, info: ValidationInfo) -> str | None:
        if region is None:
            # A wrong API_URL is missing from the data: its own mistake is enough.
            if info.data.get("api_url", "") is None:
                raise ValueError(f"is not set; choose one of {', '.join(REGIONS)}")
            return None
        if region.lower() not in REGIONS:
            raise ValueError(f"must be one of {', '.join(REGIONS)}")
        return region.lower()

    @field_validator("masked_fields")
    @classmethod
    def _check_masked_fields(cls, text: str, info: ValidationInfo) -> str:
        try:
            _parse_fields(text, info.data.get("custom_fields", ""))
        except UsageError as error:
            # The error's text holds the value that was set; its advice does not.
            raise ValueError(f"names an unknown field. {error.advice}") from None
        return text

    @field_validator("presets")
    @classmethod
    def _check_presets(cls, text: str, info: ValidationInfo) -> str:
        try:
            parse_presets(text, _parse_custom_fields(info.data.get("custom_fields", "")))
        except UsageError as error:
            raise ValueError(str(error)) from None
        return text

    @property
    def masked_tags(self) -> frozenset[str]:
        """Tags of the fields whose values are hidden in the audit channel."""
        return frozenset(field.tag for field in _parse_fields(self.masked_fields, self.custom_fields))

    def make_app(self, name: str, others: tuple[str, ...] = ()) -> App:
        """Make the app of these settings, beside others by name."""
        custom = _parse_custom_fields(self.custom_fields)
        presets = parse_presets(self.presets, custom)
        return App(name, self.place, custom, self.admin, others, presets)

    @property
    def base_url(self) -> str:
        """The base URL of the vendor's REST API, without a slash at the end."""
        return (self.api_url or f"https://{REGIONS[self.region or ''].host}").rstrip("/")

    @property
    def place(self) -> str:
        """The app's region as shown to people."""
        if self.region is not None:
            return REGIONS[self.region].label
        host = urlsplit(self.base_url).hostname or ""
        return "local" if is_loopback(host) else host


class RoleSettings(BaseModel):
    """The roles: the variables ROLES__…."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    viewers: Annotated[str, AfterValidator(_check_viewers)] = "*"
    """Viewers, who may look up: `*` for every full member of the workspace, or user and user-group ids."""
    editors: Annotated[str, AfterValidator(_check_editors)] = ""
    """Editors, who may also change profiles: user and user-group ids; none when empty."""


class _Sources(BaseSettings):
    """The environment and `.env`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        str_strip_whitespace=True,
        env_file=".env",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        enable_decoding=False,
    )


class DatabaseSettings(_Sources):
    """DATABASE_URL alone, for the commands that need nothing else."""

    database_url: Annotated[str, AfterValidator(_check_database_url)] = Field(
        "sqlite:///im-bot.db", repr=False
    )
    """The database of the record: SQLite or PostgreSQL."""


class SlackSettings(_Sources):
    """The variables SLACK_… alone, for what needs nothing else."""

    slack_bot_token: Annotated[SecretStr, _not_starting("xapp-")] = SecretStr("")
    """The bot token (xoxb-…)."""
    slack_signing_secret: Annotated[SecretStr, _not_starting("xoxb-", "xapp-")] = SecretStr("")
    """The signing secret; for HTTP mode."""
    slack_app_token: Annotated[SecretStr, _not_starting("xoxb-")] = SecretStr("")
    """The app-level token (xapp-…) with connections:write; for Socket Mode."""
    slack_api_url: Annotated[str, AfterValidator(_check_url)] = "https://slack.com/api/"
    """The base of Slack's Web API; another one for the playground, proxies and tests."""
    slack_command: Annotated[
        str, _matching(r"/[a-z0-9_-]{1,31}", "must be a slash and up to 31 of a-z, 0-9, - and _, as in /im")
    ] = "/im"
    """The slash command's name, should another app own /im."""
    slack_avatars: bool = True
    """Whether answers show avatars, which Slack then fetches from their https addresses."""
    slack_data_tables: bool = True
    """Whether answers use tables that can be sorted and filtered; the bot stops when Slack refuses one."""
    slack_silence_seconds: float = Field(300, ge=10)
    """Seconds without a sign of life from Slack after which Socket Mode ends; Slack gives one every five."""


class Settings(SlackSettings, DatabaseSettings):
    """All settings of the bot; frozen, and passed down from the entry point."""

    im_apps: dict[str, AppSettings] = Field(min_length=1)
    """The Tencent Chat apps by name."""
    im_default_app: str | None = None
    """The app of commands without --app; the only one if there is one."""
    roles: RoleSettings = RoleSettings()
    """The roles."""

    audit_channel: (
        Annotated[str, _matching(r"[CG][A-Z0-9]+|none", "must be a channel's id (C…), not its name, or none")]
        | None
    ) = None
    """The id of the channel that every change is posted in, or `none`; unset, every change is refused."""
    redis_url: Annotated[str, AfterValidator(_check_redis_url)] | None = Field(None, repr=False)
    """The Redis in which several processes share the vendor's frequency limit."""
    rate_share: float | None = Field(None, gt=0, le=1)
    """The share of that limit for this process while Redis cannot be used; unset, by their number."""
    lookup_ids_per_hour: int | None = Field(None, ge=1)
    """The most ids that one person may look up in Slack in any hour; unset, any number."""
    file_lookups_at_once: int | None = Field(None, ge=1)
    """The most file lookups that one person may have open at once; unset, any number."""

    host: str = "0.0.0.0"
    """The address the bot listens on."""
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """The port, 0 for any free one; unset, HTTP mode takes DEFAULT_PORT and Socket Mode opens none."""
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = "INFO"
    """The lowest level that is logged."""

    @property
    def apps(self) -> Apps:
        """The Tencent Chat apps, and the default one."""
        apps = {
            name: settings.make_app(name, tuple(other for other in self.im_apps if other != name))
            for name, settings in self.im_apps.items()
        }
        only = next(iter(apps)) if len(apps) == 1 else None
        return Apps(apps, self.im_default_app.lower() if self.im_default_app else only)

    @property
    def redis(self) -> RedisAddress | None:
        """The address of Redis; None without one."""
        return parse_redis_url(self.redis_url) if self.redis_url else None

    @property
    def rules(self) -> Rules:
        """The grantees of each role."""
        return Rules(_parse_grantees(self.roles.viewers), _parse_grantees(self.roles.editors))


class FixedSettings(Settings):
    """Settings from arguments alone; the environment is ignored."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings' signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the arguments alone."""
        return (init_settings,)
