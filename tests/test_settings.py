import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.core.fields import custom_field
from bot.core.model import App, Grantees
from bot.core.policy import Rules
from bot.im.regions import REGIONS
from bot.settings import (
    AppSettings,
    FixedSettings,
    RoleSettings,
    Settings,
)
from bot.settings_loader import Mode, SettingsError, load_settings

PROD = "IM_APPS__PROD__"
COMPLETE: Mapping[str, str] = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "5ec2e7",
    "SLACK_APP_TOKEN": "xapp-1",
    f"{PROD}SDK_APP_ID": "1400000000",
    f"{PROD}SECRET_KEY": "prod-key",
    f"{PROD}REGION": "singapore",
}
TEST_APP = {
    "IM_APPS__TEST__SDK_APP_ID": "1400000001",
    "IM_APPS__TEST__SECRET_KEY": "test-key",
    "IM_APPS__TEST__REGION": "jakarta",
}
OWN = ("IM_", "ROLE", "SLACK_", "AUDIT_", "DATABASE_", "REDIS_", "RATE_", "HOST", "PORT", "LOG_")

Changes: TypeAlias = Mapping[str, str | None]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith(OWN):
            monkeypatch.delenv(name)


def load(changes: Changes | None = None, mode: Mode | None = None) -> Settings:
    """Load complete settings with some changes; None unsets a variable."""
    values = {**COMPLETE, **(changes or {})}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            if value is not None:
                patch.setenv(name, value)
        return load_settings(mode)


def read(changes: Changes) -> Settings | SettingsError:
    try:
        return load(changes)
    except SettingsError as error:
        return error


def mistakes(changes: Changes, mode: Mode | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(changes, mode)
    assert str(caught.value) == "\n".join(caught.value.mistakes)
    return caught.value.mistakes


def test_what_is_not_set_has_a_default() -> None:
    settings = load()

    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.slack_command == "/im"
    assert settings.im_apps["prod"].admin == "administrator"
    assert settings.apps.by_name == {"prod": App("prod", "Singapore", admin="administrator")}
    assert settings.rules == Rules(Grantees(everyone=True), Grantees())
    assert (settings.audit_channel, settings.redis_url, settings.redis) == (None, None, None)
    assert settings.rate_share is None
    assert settings.lookup_ids_per_hour is None
    assert settings.file_lookups_at_once is None
    assert settings.database_url == "sqlite:///im-bot.db"
    assert (settings.host, settings.port, settings.log_level) == ("0.0.0.0", None, "INFO")
    assert settings.slack_silence_seconds == 300
    assert (settings.slack_avatars, settings.slack_data_tables) == (True, True)


def test_everything_can_be_set() -> None:
    settings = load(
        {
            "SLACK_API_URL": "https://proxy.example/api/",
            "SLACK_COMMAND": "/chat-2",
            "SLACK_SILENCE_SECONDS": "90",
            "SLACK_AVATARS": "false",
            "SLACK_DATA_TABLES": "no",
            f"{PROD}ADMIN": "root",
            f"{PROD}API_URL": "https://im.example/",
            f"{PROD}CUSTOM_FIELDS": "Vip, Tier:Service tier,",
            "ROLES__VIEWERS": "U01A, W02B S03C",
            "ROLES__EDITORS": "S04D,U05E",
            "AUDIT_CHANNEL": "C0123",
            "DATABASE_URL": "postgres://db/im",
            "REDIS_URL": "redis://cache",
            "RATE_SHARE": "0.25",
            "HOST": "127.0.0.1",
            "PORT": "0",
            "LOG_LEVEL": "warning",
        }
    )

    app = settings.im_apps["prod"]
    assert (settings.slack_api_url, settings.slack_command) == ("https://proxy.example/api/", "/chat-2")
    assert settings.slack_silence_seconds == 90
    assert (settings.slack_avatars, settings.slack_data_tables) == (False, False)
    assert (app.sdk_app_id, app.secret_key.get_secret_value(), app.admin) == (1400000000, "prod-key", "root")
    assert (app.base_url, app.place) == ("https://im.example", "Singapore")
    assert settings.apps.by_name["prod"].custom == (custom_field("Vip"), custom_field("Tier", "Service tier"))
    assert settings.rules == Rules(
        Grantees(people=frozenset({"U01A", "W02B"}), groups=frozenset({"S03C"})),
        Grantees(people=frozenset({"U05E"}), groups=frozenset({"S04D"})),
    )
    assert (settings.audit_channel, settings.redis_url) == ("C0123", "redis://cache")
    assert settings.redis is not None
    assert (settings.redis.hosts, settings.rate_share) == ((("cache", 6379),), 0.25)
    assert settings.database_url == "postgres://db/im"
    assert (settings.host, settings.port, settings.log_level) == ("127.0.0.1", 0, "WARNING")


GOOD = (
    {"AUDIT_CHANNEL": "none"},
    {"AUDIT_CHANNEL": ""},
    {"SLACK_API_URL": "http://127.0.0.1:8065/api/"},
    {"SLACK_API_URL": "http://localhost/api/"},
    {"SLACK_API_URL": "http://[::1]:1/api/"},
    {f"{PROD}REGION": "Singapore"},
    {f"{PROD}SECRET_KEY": " prod-key\n"},
    {"ROLES__VIEWERS": " * "},
    {"ROLES__EDITORS": ""},
    {"HOST": ""},
    # similar names of other programs
    {"ROLE": "web", "IMAGE": "1", "GTK_IM_MODULE": "ibus", "PORTS": "1", "SLACK_TOKEN": "1", "ROLESET": "1"},
)


@pytest.mark.parametrize("changes", GOOD)
def test_takes(changes: Changes) -> None:
    settings = load(changes, "serve")

    assert settings.im_apps["prod"].secret_key.get_secret_value() == "prod-key"
    assert settings.im_apps["prod"].base_url == f"https://{REGIONS['singapore'].host}"


URL = "must be an https URL, or http on this machine (127.0.0.1, localhost), without"
VARIABLE = "each value has its own variable, as in"
LISTS = "takes user ids (U… or W…) and user-group ids (S…) separated by commas, or * alone; item"
REFUSED: tuple[tuple[Changes, str], ...] = (
    # missing
    ({f"{PROD}SDK_APP_ID": None}, f"{PROD}SDK_APP_ID is not set"),
    ({f"{PROD}SECRET_KEY": None}, f"{PROD}SECRET_KEY is not set"),
    ({f"{PROD}SECRET_KEY": ""}, f"{PROD}SECRET_KEY is not set"),
    ({f"{PROD}SECRET_KEY": " "}, f"{PROD}SECRET_KEY is not set"),
    ({f"{PROD}REGION": None}, f"{PROD}REGION is not set; choose one of china, singapore, "),
    # wrong
    ({f"{PROD}SDK_APP_ID": "my app"}, f"{PROD}SDK_APP_ID must be a whole number"),
    ({f"{PROD}SDK_APP_ID": "9" * 5000}, f"{PROD}SDK_APP_ID must be a smaller whole number"),
    ({f"{PROD}SDK_APP_ID": "0"}, f"{PROD}SDK_APP_ID must be greater than 0"),
    ({f"{PROD}REGION": "mars"}, f"{PROD}REGION must be one of china, singapore, "),
    ({f"{PROD}API_URL": "http://im.example"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "https://u:p@im.example"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "https://im.example/?a=1"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "https://im.example/#a"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "https://im.example:99999"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "https://im.example:0"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "https://[im"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "https://im\u2100.example"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "https://im .example"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "https:///v4"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "im.example"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "ftp://127.0.0.1"}, f"{PROD}API_URL {URL}"),
    ({f"{PROD}API_URL": "http://im.example", f"{PROD}REGION": None}, f"{PROD}API_URL {URL}"),
    ({"SLACK_API_URL": "http://slack.com/api/"}, f"SLACK_API_URL {URL}"),
    ({"SLACK_API_URL": "http://127.0.0.1.evil.example/"}, f"SLACK_API_URL {URL}"),
    ({f"{PROD}CUSTOM_FIELDS": "Vip,Service_tier"}, f"{PROD}CUSTOM_FIELDS takes keywords of 1 to 8"),
    ({f"{PROD}CUSTOM_FIELDS": "Vip,:Tier"}, "as in Vip,Tier:Service tier; item 2 is something else"),
    ({f"{PROD}CUSTOM_FIELDS": "Vip,Tier,Vip:VIP"}, "each once, as in Vip,Tier:Service tier; item 3 is"),
    ({f"{PROD}PRESETS": "reset: nick"}, f"{PROD}PRESETS takes presets like reset-nick: nick=, avatar=;"),
    ({f"{PROD}PRESETS": "a: nick=; b: Vip=x"}, f"{PROD}PRESETS names an unknown field in item 2. Fields:"),
    ({"SLACK_COMMAND": "im"}, "SLACK_COMMAND must be a slash and up to 31 of a-z"),
    ({"SLACK_COMMAND": "/IM"}, "SLACK_COMMAND must be a slash and up to 31 of a-z"),
    ({"AUDIT_CHANNEL": "#audit"}, "AUDIT_CHANNEL must be a channel's id (C…), not its name, or none"),
    ({"SLACK_SILENCE_SECONDS": "9"}, "SLACK_SILENCE_SECONDS must be greater than or equal to 10"),
    ({"REDIS_URL": "cache:6379"}, "REDIS_URL must be redis://[[USER]:PASSWORD@]HOST[:PORT][/NUMBER], redi"),
    ({"RATE_SHARE": "0"}, "RATE_SHARE must be greater than 0"),
    ({"RATE_SHARE": "1.5"}, "RATE_SHARE must be less than or equal to 1"),
    ({"LOOKUP_IDS_PER_HOUR": "0"}, "LOOKUP_IDS_PER_HOUR must be greater than or equal to 1"),
    ({"FILE_LOOKUPS_AT_ONCE": "none"}, "FILE_LOOKUPS_AT_ONCE must be a whole number"),
    ({"RATE_SHARE": "half"}, "RATE_SHARE must be a valid number"),
    ({"PORT": "http"}, "PORT must be a whole number"),
    ({"PORT": "65536"}, "PORT must be less than or equal to 65535"),
    ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    # a token in the wrong variable
    ({"SLACK_BOT_TOKEN": "xapp-1"}, "is an app-level token (xapp-…); it belongs in SLACK_APP_TOKEN"),
    ({"SLACK_BOT_TOKEN": " xapp-1"}, "SLACK_BOT_TOKEN is an app-level token"),
    ({"SLACK_APP_TOKEN": "xoxb-1"}, "is a bot token (xoxb-…); it belongs in SLACK_BOT_TOKEN"),
    ({"SLACK_SIGNING_SECRET": "xoxb-1"}, "SLACK_SIGNING_SECRET is a bot token"),
    ({"SLACK_SIGNING_SECRET": "xapp-1"}, "SLACK_SIGNING_SECRET is an app-level token"),
    # roles
    ({"ROLES__VIEWERS": ""}, "ROLES__VIEWERS is empty; set it to * for every full member, or list user"),
    ({"ROLES__VIEWERS": " "}, "ROLES__VIEWERS is empty"),
    ({"ROLES__VIEWERS": " ,"}, "ROLES__VIEWERS is empty"),
    ({"ROLES__VIEWERS": "U01A,@vera"}, f"ROLES__VIEWERS {LISTS} 2 is something else"),
    ({"ROLES__VIEWERS": "*,U01A"}, f"ROLES__VIEWERS {LISTS} 1 is something else"),
    ({"ROLES__EDITORS": "u01a"}, f"ROLES__EDITORS {LISTS} 1 is something else"),
    ({"ROLES__EDITORS": "*"}, "ROLES__EDITORS must list the people who may change profiles"),
    # names
    ({f"{PROD}SECRT_KEY": "k"}, f"{PROD}SECRT_KEY is not a setting; did you mean {PROD}SECRET_KEY?"),
    ({"im_apps__prod__regoin": "k"}, f"{PROD}REGOIN is not a setting; did you mean {PROD}REGION?"),
    ({"IM_APP__PROD__REGION": "k"}, f"IM_APP__PROD__REGION is not a setting; did you mean {PROD}REGION?"),
    ({f"{PROD}REGION__X": "k"}, f"{PROD}REGION__X is not a setting; did you mean {PROD}REGION?"),
    ({"AUDIT_CHANEL": "C1"}, "AUDIT_CHANEL is not a setting; did you mean AUDIT_CHANNEL?"),
    ({"SLACK_COMAND": "/x"}, "SLACK_COMAND is not a setting; did you mean SLACK_COMMAND?"),
    ({"IM_DEFAULTAPP": "prod"}, "IM_DEFAULTAPP is not a setting; did you mean IM_DEFAULT_APP?"),
    ({"IM_DEFAULT_APP__X": "prod"}, "IM_DEFAULT_APP__X is not a setting; did you mean IM_DEFAULT_APP?"),
    ({"IM_X": "1"}, "IM_X is not a setting"),
    ({"ROLES_EDITORS": "U1"}, "ROLES_EDITORS is not a setting; did you mean ROLES__EDITORS?"),
    ({"ROLE__EDITORS": "U1"}, "ROLE__EDITORS is not a setting; did you mean ROLES__EDITORS?"),
    ({"ROLES__VIEWER": "U1"}, "ROLES__VIEWER is not a setting; did you mean ROLES__VIEWERS?"),
    ({"ROLES__VIEWERS__X": "U1"}, "ROLES__VIEWERS__X is not a setting; did you mean ROLES__VIEWERS?"),
    ({"IM_APPS__PROD": "1"}, f"IM_APPS__PROD is not a setting; {VARIABLE} {PROD}SDK_APP_ID"),
    ({"IM_APPS__NEW": "1"}, f"IM_APPS__NEW is not a setting; {VARIABLE} IM_APPS__NEW__SDK_APP_ID"),
    ({"IM_APPS__": "1"}, f"IM_APPS__ is not a setting; {VARIABLE} {PROD}SDK_APP_ID"),
    ({"IM_APPS": '{"new": {"sdk_app_id": 1}}'}, f"IM_APPS is not a setting; {VARIABLE} {PROD}SDK_APP_ID"),
    ({"IM_APPS": "prod"}, f"IM_APPS is not a setting; {VARIABLE} {PROD}SDK_APP_ID"),
    ({"ROLES": '{"viewers": ""}'}, f"ROLES is not a setting; {VARIABLE} ROLES__VIEWERS"),
    ({"ROLES": "*"}, f"ROLES is not a setting; {VARIABLE} ROLES__VIEWERS"),
    ({"IM_DEFAULT_APP": "test"}, "IM_DEFAULT_APP must be one of prod"),
    ({"IM_DEFAULT_APP": "x", **TEST_APP}, "IM_DEFAULT_APP must be one of prod, test"),
)  # fmt: skip


@pytest.mark.parametrize(("changes", "mistake"), REFUSED)
def test_refuses_and_names_the_variable(changes: Changes, mistake: str) -> None:
    (text,) = mistakes(changes)

    assert mistake in text
    assert "\n" not in text


NONE = dict.fromkeys(name for name in COMPLETE if name.startswith("IM_"))


@pytest.mark.parametrize("changes", [NONE, {**NONE, f"{PROD}REGION": ""}, {**NONE, "IM_DEFAULT_APP": "prod"}])
def test_says_how_to_set_up_the_first_app(changes: Changes) -> None:
    assert mistakes(changes) == [
        "no Tencent Chat app is set up; set IM_APPS__<NAME>__SDK_APP_ID, …__SECRET_KEY and …__REGION"
    ]


def test_shows_how_to_name_an_app_that_came_as_json() -> None:
    assert mistakes({**NONE, "IM_APPS": "{}"})[0] == (
        f"IM_APPS is not a setting; {VARIABLE} IM_APPS__<NAME>__SDK_APP_ID"
    )


def test_names_all_mistakes_at_once_each_once() -> None:
    found = mistakes(
        {
            "SLACK_BOT_TOKEN": None,
            "SLACK_APP_TOKEN": "xoxb-1",
            f"{PROD}REGION": None,
            f"{PROD}SECRET_KEY": None,
            f"{PROD}API_KEY": "k",
            "IM_DEFAULT_APP": "prd",
            "ROLES__VIEWERS": "",
            "ROLES__EDITORS": "*",
            "PORT": "x",
        },
        "socket",
    )

    assert [mistake.split()[0] for mistake in found] == [
        f"{PROD}API_KEY",
        "SLACK_BOT_TOKEN",
        "ROLES__VIEWERS",
        "IM_DEFAULT_APP",
        "SLACK_APP_TOKEN",
        f"{PROD}SECRET_KEY",
        f"{PROD}REGION",
        "ROLES__EDITORS",
        "PORT",
    ]


NEEDED: tuple[tuple[Mode, str, str], ...] = (
    ("serve", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
    ("serve", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"),
    ("socket", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
    ("socket", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"),
)


@pytest.mark.parametrize(("mode", "needed", "other"), NEEDED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_mode_needs_what_it_cannot_run_without(
    mode: Mode, needed: str, other: str, value: str | None
) -> None:
    load({other: value}, mode)
    assert mistakes({needed: value}, mode) == [f"{needed} is not set; im-bot {mode} needs it"]


def test_needs_no_token_when_no_mode_is_asked_for() -> None:
    loaded = load(dict.fromkeys(name for name in COMPLETE if name.startswith("SLACK_")))

    assert loaded.slack_bot_token.get_secret_value() == ""


@pytest.mark.parametrize(
    ("default", "asked"), [(None, None), ("", None), ("test", "test"), ("TEST", "test"), (" Prod ", "prod")]
)
def test_asks_the_default_of_several_apps(default: str | None, asked: str | None) -> None:
    settings = load({**TEST_APP, "IM_DEFAULT_APP": default})

    assert list(settings.apps.by_name) == ["prod", "test"]
    assert settings.apps.default == asked


def test_reads_names_in_any_case_and_apps_of_any_name() -> None:
    settings = load(
        {
            **NONE,
            "im_apps__Big-App_2__sdk_app_id": "1",
            "IM_APPS__BIG-APP_2__SECRET_KEY": "k",
            "Im_Apps__big-app_2__Region": "tokyo",
        }
    )

    assert settings.apps.by_name == {"big-app_2": App("big-app_2", "Tokyo", admin="administrator")}
    assert settings.apps.default == "big-app_2"


PLACES = (
    ({"region": "jakarta"}, f"https://{REGIONS['jakarta'].host}", "Jakarta"),
    ({"region": "jakarta", "api_url": "https://im.example"}, "https://im.example", "Jakarta"),
    ({"api_url": "https://im.example/base/"}, "https://im.example/base", "im.example"),
    ({"api_url": "http://127.0.0.1:8066"}, "http://127.0.0.1:8066", "local"),
    ({"api_url": "http://localhost:8066"}, "http://localhost:8066", "local"),
)


@pytest.mark.parametrize(("given", "base_url", "place"), PLACES)
def test_an_app_lives_in_a_region_or_at_an_address(given: dict[str, str], base_url: str, place: str) -> None:
    app = AppSettings.model_validate({"sdk_app_id": 1, "secret_key": "k", **given})

    assert (app.base_url, app.place) == (base_url, place)


def write_file(folder: Path, *lines: str) -> None:
    (folder / ".env").write_text("\n".join(lines), encoding="utf-8")


def test_reads_a_file_and_the_environment_before_it(tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in COMPLETE.items() if name.startswith("IM_")]
    write_file(tmp_path, *lines, "PORT=1", "LOG_LEVEL=DEBUG", "OTHER=x")

    settings = load({**NONE, "PORT": "2"}, "socket")

    assert settings.im_apps["prod"].secret_key.get_secret_value() == "prod-key"
    assert (settings.port, settings.log_level) == (2, "DEBUG")


def test_names_the_mistakes_in_a_file(tmp_path: Path) -> None:
    write_file(tmp_path, "ROLES__VIEWERS=", "roles__editor=U1", "PORT=x", "IM_APPS__B")

    assert [mistake.split()[0] for mistake in mistakes({})] == [
        "IM_APPS__B",
        "ROLES__EDITOR",
        "ROLES__VIEWERS",
        "PORT",
    ]


def test_says_that_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff")

    assert mistakes({}) == [".env cannot be read: it is not UTF-8 text"]


CANARY = "CANARY"
VALUES = (
    CANARY,
    f" {CANARY}",
    f'{{"x": "{CANARY}"}}',
    f"xoxb-{CANARY}",
    f"xapp-{CANARY}",
    f"https://u:{CANARY}@h",
    f"http://u:{CANARY}@h",
    f"https://h:{CANARY}",
    f"https://{CANARY}@[",
    f"https://\u2100{CANARY}@",
    f"U1,{CANARY}!",
    f"Vip,{CANARY}-{CANARY}",
)
NAMES = (
    *(name.upper() for name in Settings.model_fields),
    *(f"ROLES__{name.upper()}" for name in RoleSettings.model_fields),
    *(f"{PROD}{name.upper()}" for name in AppSettings.model_fields),
    *("IM_APPS__PROD", f"{PROD}X", f"{PROD}REGION__X", "IM_X", "ROLES_X"),
)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("name", NAMES)
def test_shows_no_value_in_a_message(name: str, value: str) -> None:
    result = read({name: value})

    if isinstance(result, SettingsError):
        assert CANARY not in f"{result!r} {result}"
        assert (result.__context__, result.__cause__) == (None, None)


SECRETS = (
    *("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"),
    *(f"{PROD}SECRET_KEY", "DATABASE_URL", "REDIS_URL"),
)


@pytest.mark.parametrize("name", SECRETS)
def test_shows_no_secret_of_settings_in_use(name: str) -> None:
    kind = "postgresql" if name == "DATABASE_URL" else "redis"
    settings = load({name: f"{kind}://u:{CANARY}@h/1"})

    assert CANARY not in f"{settings!r} {settings} {settings.im_apps}"


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_accepts_or_refuses_any_value(changes: dict[str, str]) -> None:
    result = read(changes)

    if isinstance(result, SettingsError):
        assert result.mistakes
        assert all(result.mistakes)
    else:
        assert result.apps.find("prod").name == "prod"
        assert result.rules.viewers != Grantees()


def test_nothing_can_be_changed_later() -> None:
    loaded = load()

    for part, name in ((loaded, "port"), (loaded.im_apps["prod"], "admin"), (loaded.roles, "viewers")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, name, 1)


def test_fixed_settings_ignore_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("ROLES__EDITORS", "U01EVE")

    fixed = FixedSettings(im_apps={"demo": AppSettings(sdk_app_id=1, secret_key="k", region="china")})

    assert fixed.port is None
    assert fixed.rules.editors == Grantees()
    assert fixed.apps.default == "demo"


@pytest.mark.parametrize("url", ["mysql://h/n", "sqlite://", "im-bot.db", "postgresql://"])
def test_refuses_a_database_it_cannot_use(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL must be sqlite:///FILE"):
        load({"DATABASE_URL": url})


def test_reads_presets_with_the_fields_of_the_app() -> None:
    settings = load({f"{PROD}PRESETS": "reset: nick=, Vip=", f"{PROD}CUSTOM_FIELDS": "Vip"})

    (preset,) = settings.apps.by_name["prod"].presets
    assert (preset.name, [field.word for field, _ in preset.values]) == ("reset", ["nick", "Vip"])


def test_names_the_tags_of_masked_fields() -> None:
    settings = load({f"{PROD}MASKED_FIELDS": "signature, Vip", f"{PROD}CUSTOM_FIELDS": "Vip:VIP tier"})

    assert settings.im_apps["prod"].masked_tags == {
        "Tag_Profile_IM_SelfSignature",
        "Tag_Profile_Custom_Vip",
    }


def test_leaves_names_alone_that_others_may_have_set() -> None:
    load(
        {"SLACK_WEBHOOK_URL": "https://hooks.slack.com/x", "LOGLEVEL": "info", "AUDIT_LOG": "/var/log/audit"}
    )
