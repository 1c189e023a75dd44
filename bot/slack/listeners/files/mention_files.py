"""Questions about the files beside a message to the bot."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from bot.core.commands import LookupCommand
from bot.core.lookups.kinds import LOOKUP_KINDS, PROFILES
from bot.core.parsing.command_line import parse_beside_file
from bot.slack.admission import is_quick
from bot.slack.api.shared_files import SharedFile
from bot.slack.delivery.reply import Audience, Reply
from bot.slack.delivery.request import SlackRequest
from bot.slack.file_lookup_answers import without_accounts
from bot.slack.listeners.mention_text import read_message, read_word
from bot.slack.messages.lookups.file_lookup import asked_directly, reading, too_many_files
from bot.slack.runner import CommandRunner

MOST_FILES = 3
"""The most files of one message that are asked about."""


@dataclass(frozen=True, slots=True)
class FileQuestions:
    """The questions about the files of one message.

    Args:
        runner: The runner of commands.
        request: The request of the message.
        direct: Takes the questions where others see the answer: a list of ids is for the actor alone.
        files: The files.
    """

    runner: CommandRunner
    request: SlackRequest
    direct: Reply
    files: Sequence[SharedFile]

    def answer(self, said: str, bot_id: str, answer_text: Callable[[], str]) -> str:
        """Answer a message, and ask about its files; returns the label of its metric.

        Args:
            said: The message's text as Slack delivers it.
            bot_id: The bot's own user id, whose mention is left out.
            answer_text: Answers the text, if it asks for more than the files.

        Raises:
            PermissionDeniedError: The actor may not look up; nothing was read.
            UsageError: The text is not valid.
        """
        word, services = read_word(said, bot_id), self.runner.services
        # What needs no role, such as help, is answered whoever asks.
        metric = answer_text() if is_quick(word) else ""
        looks_up = word if word in LOOKUP_KINDS else PROFILES.word
        services.allow(self.request.actor, looks_up, self.request.surface)
        typed = read_message(said, bot_id)
        command, is_known = parse_beside_file(typed, services.apps)
        has_text = bool(command.accounts) or (typed != "" and word not in LOOKUP_KINDS)
        if has_text and not metric:
            metric = answer_text()
        self._ask(without_accounts(command), is_known=is_known, is_answered=has_text)
        return metric or "AskAboutFile"

    def _ask(self, command: LookupCommand, *, is_known: bool, is_answered: bool) -> None:
        reply, asked = self.request.reply, self.files[:MOST_FILES]
        # What is shown meanwhile in public could not be taken back.
        with nullcontext() if is_answered or reply.public else reply.working(reading):
            questions = [
                self.runner.file_lookups.ask(self.request, file, command, is_known=is_known) for file in asked
            ]
        if len(self.files) > MOST_FILES:
            questions.append(too_many_files(MOST_FILES))
        if reply.public:
            for question in questions:
                self.direct.add(question)
            questions = [asked_directly([file.name for file in asked])]
        first, *others = questions
        if is_answered:
            reply.add(first)
        else:
            reply.answer(first, Audience.ACTOR if reply.public else Audience.USUAL)
        for question in others:
            reply.add(question)
