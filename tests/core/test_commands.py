import re
from inspect import getdoc

import pytest

from bot.core.commands import SPECS, EditProfile, Spec
from bot.core.model import App
from bot.core.parsing.command_line import Apps, parse

APPS = Apps({"prod": App("prod", "Singapore")}, "prod")

each_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


@each_spec
def test_help_is_the_docstring_in_one_sentence(spec: Spec) -> None:
    assert spec.summary == getdoc(spec.makes)
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
    # Without values, set is an example of the form that it opens.
    assert {type(parse(example, APPS)) for example in spec.examples} - {EditProfile} == {spec.makes}


def test_no_two_words_make_one_command() -> None:
    assert len({spec.makes for spec in SPECS.values()}) == len(SPECS)
