"""How the bot introduces itself in people's Telegram: its commands, name and descriptions, in each language."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog
from telegram import Bot, BotCommand
from telegram.error import TelegramError

from bot.catalogue.words import Words
from bot.dialogue.commands import LISTED
from bot.domain.messages import say

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Introduction:
    """One thing that can be set for one language; `code` is empty for everyone without a language of ours."""

    what: str
    code: str
    wanted: object
    get: Callable[[], Awaitable[object]]
    set: Callable[[], Awaitable[bool]]


async def introduce(bot: Bot, words: Words) -> None:
    """Set what differs from what is set; a refusal is logged and harms nothing."""
    for one in _introductions(bot, words):
        try:
            if await one.get() != one.wanted:
                await one.set()
        except TelegramError as error:
            _log.warning("telegram.not_introduced", what=one.what, language=one.code, kind=type(error).__name__)


def _introductions(bot: Bot, words: Words) -> Iterator[Introduction]:
    for place, language in enumerate(words.languages):
        code = language if place else ""
        yield _commands(bot, words, language, code)
        yield from _texts(bot, words, language, code)


def _commands(bot: Bot, words: Words, language: str, code: str) -> Introduction:
    wanted = tuple(
        BotCommand(listed.name(language), words.label(say(f"command.{listed.key}"), language)) for listed in LISTED
    )
    return Introduction(
        "commands",
        code,
        wanted,
        get=lambda: bot.get_my_commands(language_code=code),
        set=lambda: bot.set_my_commands(wanted, language_code=code),
    )


def _texts(bot: Bot, words: Words, language: str, code: str) -> Iterator[Introduction]:
    name = words.label(say("telegram.name"), language)
    about = words.label(say("telegram.about"), language)
    description = words.label(say("telegram.description"), language)

    async def get_name() -> str:
        return (await bot.get_my_name(language_code=code)).name

    async def get_about() -> str:
        return (await bot.get_my_short_description(language_code=code)).short_description

    async def get_description() -> str:
        return (await bot.get_my_description(language_code=code)).description

    yield Introduction("name", code, name, get_name, lambda: bot.set_my_name(name, language_code=code))
    yield Introduction("about", code, about, get_about, lambda: bot.set_my_short_description(about, language_code=code))
    yield Introduction(
        "description",
        code,
        description,
        get_description,
        lambda: bot.set_my_description(description, language_code=code),
    )
