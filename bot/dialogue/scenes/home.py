"""The first screen, the menu, help, the numbers to call, and what is said when something leads nowhere."""

from collections.abc import Mapping
from dataclasses import replace

from bot.catalogue.library import Library
from bot.dialogue.scenes.parts import MENU, button
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.errors import StaleAction
from bot.domain.messages import Block, Button, Markdown, Plain, Row, Screen, say
from bot.services import learning

FIRST_LENGTH = 5


def language_row(library: Library, language: str) -> Row:
    """A button for each other language, in itself: whoever needs it could not read ours."""
    return tuple(
        Button(Plain({"pl": library.words.language_name(code)}), do.SetLanguage(code))
        for code in library.words.languages
        if code != language
    )


def welcome_screen(library: Library, language: str, nonce: int, how: tuple[Block, ...] = ()) -> Screen:
    """The first screen, for somebody of whom nothing is known yet; a question is one press away.

    `how`: how to choose, where there is nothing to press.
    """
    return Screen(
        blocks=(
            say("welcome.hello"),
            say("welcome.emergency"),
            say("welcome.privacy", operator=Plain(library.programme.operator)),
            *how,
        ),
        rows=(
            (
                button("welcome.question", do.StartMix("", "", FIRST_LENGTH, nonce)),
                button("welcome.look", do.Home()),
            ),
            language_row(library, language),
            (button("privacy.more", do.Privacy()),),
        ),
        here=do.Welcome(),
    )


async def welcome(turn: Turn, action: do.Welcome) -> Screen:  # noqa: ARG001 - every scene takes its action
    """The first screen."""
    nonce = turn.tools.new_number()
    how = (say("matrix.how"),) if turn.resident.chooses_how else ()
    return welcome_screen(turn.library, turn.resident.language, nonce, how)


async def menu(turn: Turn, action: do.Home) -> Screen:  # noqa: ARG001 - every scene takes its action
    """The menu, with the way back into a quiz that was left."""
    rows: list[Row] = [
        (button("home.quiz", do.Quizzes()), button("home.tip", do.NextTip())),
        (button("home.ask", do.Ask()), button("home.workshops", do.Workshops())),
        (button("home.numbers", do.Numbers()), button("home.settings", do.Settings())),
        (button("home.privacy", do.Privacy()), button("home.help", do.Help())),
    ]
    left = await learning.resumable(turn.conn, turn.library, turn.resident, turn.now)
    if left is not None and left.next_position is not None:
        label = say("home.resume", number=left.next_position + 1, count=len(left.questions))
        rows.insert(0, (Button(label, do.ShowQuestion(left.id, left.next_position)),))
    return Screen(blocks=(say("home.title"),), rows=tuple(rows), asks=say("ask.field"))


async def thanked(turn: Turn, action: do.Thanked) -> Screen:  # noqa: ARG001 - every scene takes its action
    """A kind word, and the menu."""
    return replace(await menu(turn, do.Home()), blocks=(say("home.thanked"),))


_HELP = ("help.text", "help.commands", "help.emergency")
_WITHOUT_BUTTONS = {
    "help.text": "matrix.help",
    "stale.button": "matrix.stale",
    "stale.unreadable": "matrix.unreadable",
}
"""Words that speak of buttons → what is said in their place where there are none."""


def _said(turn: Turn, *keys: str) -> tuple[Block, ...]:
    instead = _WITHOUT_BUTTONS if turn.resident.chooses_how else {}
    return tuple(say(instead.get(key, key)) for key in keys)


async def help_(turn: Turn, action: do.Help) -> Screen:  # noqa: ARG001 - every scene takes its action
    """What can be done and written here."""
    ways = (button("home.quiz", do.Quizzes()), button("home.ask", do.Ask()))
    return Screen(blocks=_said(turn, *_HELP), rows=(ways, MENU))


_EXPLANATIONS: Mapping[str, tuple[str, ...]] = {
    "button": ("stale.button",),
    "link": ("stale.link",),
    "item": ("stale.item",),
    "workshop": ("workshop.over",),
    "command": ("stale.command", *_HELP),
    "unreadable": ("stale.unreadable",),
    "chat_used": ("chat_link.used",),
    "chat_late": ("chat_link.late",),
    "chat_unknown": ("chat_link.unknown",),
    "chat_elsewhere": ("chat_link.elsewhere",),
}


async def explain(turn: Turn, action: do.Explain) -> Screen:
    """Why what was pressed or written led nowhere; below it, ways on."""
    if action.why not in _EXPLANATIONS:
        raise StaleAction
    ways = {
        "workshop": button("home.workshops", do.Workshops()),
        "unreadable": button("home.ask", do.Ask()),
    }
    way = ways.get(action.why, button("home.quiz", do.Quizzes()))
    return Screen(blocks=_said(turn, *_EXPLANATIONS[action.why]), rows=((way, *MENU),))


async def numbers(turn: Turn, action: do.Numbers) -> Screen:  # noqa: ARG001 - every scene takes its action
    """Emergency and help numbers, each alone and in bold."""
    lines = (
        say("numbers.line", number=entry.number, name=Markdown(entry.name)) for entry in turn.library.programme.numbers
    )
    return Screen(blocks=(say("numbers.title"), *lines), rows=(MENU,))
