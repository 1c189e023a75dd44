import pytest

from bot.core.commands import SPECS
from bot.core.model import App
from bot.core.parsing.presets import parse_presets
from bot.core.results import Help
from bot.playground.blockkit.checker import check_message
from bot.slack.messages.render import render


@pytest.mark.parametrize("apps", [1, 3, 10])
def test_shows_as_many_presets_as_slack_takes(apps: int) -> None:
    text = "; ".join(
        f'reset-{number}-of-the-team: nick="{"x" * 400}", level={number}' for number in range(100)
    )
    presets = parse_presets(text, ())
    help_ = Help(
        tuple(SPECS.values()),
        SPECS["set"],
        tuple(App(f"app{n}", "local", presets=presets) for n in range(apps)),
    )

    message = render(help_, command="/im", actor_id="U1")

    assert check_message({"text": message.text, "blocks": list(message.blocks)}) == []
    assert "reset-39" in str(message.blocks)
    assert "and 60 more in the form" in str(message.blocks)
