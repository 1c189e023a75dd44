"""Runs any command with its method of the services."""

from typing import assert_never

from bot.core.commands import (
    AskSearch,
    Command,
    EditProfile,
    LookupCommand,
    SearchRecord,
    SetFields,
    ShowHelp,
    ShowHistory,
    ShowRole,
    ShowStart,
    UndoChange,
)
from bot.core.model import Actor, Surface
from bot.core.results import Result
from bot.core.services import Services


def execute(services: Services, actor: Actor, command: Command, surface: Surface = Surface.COMMAND) -> Result:
    if isinstance(command, LookupCommand):
        return services.begin(actor, command, surface).run()
    match command:
        case SetFields():
            return services.changes.propose(actor, command, surface)
        case EditProfile():
            return services.changes.edit(actor, command, surface)
        case UndoChange():
            return services.changes.undo(actor, command.change_id, surface)
        case ShowHistory():
            return services.show_history(actor, command, surface)
        case SearchRecord():
            return services.search(actor, command, surface)
        case ShowStart() | AskSearch():  # the form needs Slack
            return services.start(actor)
        case ShowRole():
            return services.report_role(actor)
        case ShowHelp():
            return services.help(actor, command.topic)
        case _:
            assert_never(command)
