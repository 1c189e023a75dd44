import pytest

from bot.command_codec import pack_command, unpack_command
from bot.core.commands import make_lookup
from bot.core.fields import custom_field, named, offered
from bot.core.lookups.kinds import FRIENDS, PROFILES, LookupKind
from bot.core.model import App

PROD = App("prod", "Singapore", custom=(custom_field("Vip", "VIP"),))
APPS = {"prod": PROD}


def parsed_fields(kind: LookupKind) -> list[str]:
    """List the name of each field that a command may name, an app's own that is not configured included."""
    assert kind.domain
    words = [field.word for field in offered(kind.domain, PROD.custom)]
    return [*words, "Tag_Profile_Custom_Other", *(["Tag_SNS_Custom_Other"] if kind is FRIENDS else [])]


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in (PROFILES, FRIENDS) for name in parsed_fields(kind)]
)
def test_keeps_each_field_that_a_command_may_name(kind: LookupKind, name: str) -> None:
    assert kind.domain
    command = make_lookup(kind, PROD, ("alice",), named([name], kind.domain, PROD.custom))

    assert unpack_command(pack_command(command), APPS) == command


def test_takes_a_field_that_is_not_configured_any_more_by_its_tag() -> None:
    command = make_lookup(PROFILES, PROD, ("alice",), PROD.custom)

    found = unpack_command(pack_command(command), {"prod": App("prod", "Singapore")})

    assert [field.tag for field in found.fields] == ["Tag_Profile_Custom_Vip"]
