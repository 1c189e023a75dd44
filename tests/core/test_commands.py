import re
from inspect import getdoc
from typing import get_args

import pytest

from bot.core.commands import (
    _METRICS,
    SPECS,
    AskSearch,
    ChangeCommand,
    Command,
    EditProfile,
    LookupCommand,
    SearchRecord,
    Spec,
    metric_of,
)
from bot.core.model import App
from bot.core.parsing.command_line import Apps, parse

APPS = Apps({"prod": App("prod", "Singapore")}, "prod")

each_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


@each_spec
def test_help_is_one_sentence_of_the_kind_or_the_docstring(spec: Spec) -> None:
    assert spec.summary == (spec.kind.summary if spec.kind else getdoc(spec.makes))
    assert re.fullmatch(r"[A-Z][^.\n]+\.", spec.summary)


@each_spec
def test_usage_line_starts_with_the_word_and_names_every_option(spec: Spec) -> None:
    assert spec.line.split()[0] == spec.word
    assert re.findall(r"--[a-z]+", spec.line) == list(spec.options)


@each_spec
def test_usage_line_gives_a_value_to_the_options_that_take_one(spec: Spec) -> None:
    shown = dict(re.findall(r"\[(--[a-z]+)( [^]]+)?\]", spec.line))

    assert {option: bool(value) for option, value in shown.items()} == spec.options


@each_spec
def test_every_example_makes_the_command_it_is_an_example_of(spec: Spec) -> None:
    assert spec.examples
    # `set` without values opens the form, and `history` takes more than an account.
    made = [parse(example, APPS) for example in spec.examples]
    assert {type(command) for command in made} - {EditProfile, SearchRecord, AskSearch} == {spec.makes}
    assert {command.kind for command in made if isinstance(command, LookupCommand)} == {spec.kind} - {None}


def test_no_two_words_make_one_command() -> None:
    assert len({(spec.makes, spec.kind) for spec in SPECS.values()}) == len(SPECS)


def test_metrics_keep_the_names_that_dashboards_rely_on() -> None:
    made = [parse(example, APPS) for spec in SPECS.values() for example in spec.examples]

    assert {metric_of(command) for command in [*made, parse("", APPS)]} >= {
        "ShowProfiles",
        "ShowFriends",
        "ShowAttributes",
        "SetFields",
        "EditProfile",
        "UndoChange",
        "ShowHistory",
        "ShowStart",
        "ShowRole",
        "ShowHelp",
    }


def test_metrics_name_every_command() -> None:
    classes = {kind for alias in (Command, ChangeCommand) for kind in get_args(alias)} - {LookupCommand}

    assert set(_METRICS) == classes
