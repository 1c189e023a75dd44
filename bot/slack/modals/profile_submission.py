"""Reads the submissions of the profile form, and of the modal that asks for an account."""

from collections.abc import Mapping
from typing import Any

from bot.core.commands import EditProfile, SetFields
from bot.core.parsing.command_line import Apps, check_accounts
from bot.core.parsing.values import check_text, parse_value
from bot.core.results import Form
from bot.errors import UsageError
from bot.slack.modals.errors import FormError, in_words
from bot.slack.modals.inputs import read_input
from bot.slack.modals.profile import ACCOUNT, REASON, WHAT, form_fields, read_app, read_form


def read_edit(view: Mapping[str, Any], apps: Apps) -> EditProfile:
    """Read the account for the form.

    Raises:
        FormError: It is not an account id.
    """
    typed = (read_input(view["state"]["values"], ACCOUNT) or "").strip()
    try:
        (account,) = check_accounts([typed] if typed else [])
    except UsageError as error:
        raise FormError(view, {ACCOUNT: in_words(error)}) from None
    return EditProfile(read_app(view, apps), account)


def read_changes(view: Mapping[str, Any], form: Form) -> SetFields:
    """Read the edited values of a form.

    Raises:
        FormError: A value is not valid, or none was edited.
    """
    typed, reason = read_form(view["state"], form)
    if not typed:
        raise FormError(view, {WHAT: "nothing is changed yet; change a value, or choose another field"})
    values, mistakes = {}, {}
    for field in form_fields(form):
        try:
            if field.tag in typed:
                values[field] = parse_value(field, typed[field.tag])
        except UsageError as error:
            mistakes[field.tag] = in_words(error)
    try:
        check_text("the reason", reason)
    except UsageError as error:
        mistakes[REASON] = in_words(error)
    if mistakes:
        raise FormError(view, mistakes)
    return SetFields(form.app, form.account, values, reason)
