"""Messages sent unasked: their buttons, and whether one is ours."""

from dataclasses import replace

from bot.dialogue.commands import action_of
from bot.dialogue.scenes.parts import MENU, button, column, titled
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.codes import read_code
from bot.domain.messages import Button, Screen, say
from bot.services import results
from bot.services.verify import check, verdict

CODE = "code"
"""What is awaited after `Verify` has asked."""
UNKNOWN = "none"
"""Stands for whatever was typed and is no code of ours: of what people type nothing else is kept."""
CARDS = ("klikniety-link", "sms-na-8080")
"""What to do about a message that is not ours; shown where the library has them."""
LONGEST_CODE = 24
"""What is longer than this is no attempt at a code."""


async def pressed(turn: Turn, action: do.FromRun) -> Screen:
    """What a button of a campaign's message leads to; the message itself stays where it is, to be read again."""
    meant = await results.press(turn.conn, turn.library, turn.resident, action.run, action.place)
    return replace(await turn.go(meant), replaces=False)


async def verify(turn: Turn, action: do.Verify) -> Screen:
    """Whether a message is ours, or the question for its code."""
    if not action.code:
        return Screen(blocks=(say("verify.ask"),), rows=(MENU,), asks=say("verify.field"), awaits=CODE)
    found = await check(turn.conn, turn.tools.vault, action.code, turn.now)
    another = (button("verify.another", do.Verify()), *MENU)
    if found:
        return Screen(blocks=verdict(found), rows=(another,), here=do.Verify(str(found.code)))
    return Screen(
        blocks=verdict(None),
        rows=(*column(_cards(turn)), another),
        here=do.Verify(UNKNOWN),
        asks=say("verify.field"),
        awaits=CODE,
    )


def _cards(turn: Turn) -> list[Button]:
    tips = turn.library.tips
    return [titled(tips[card].title, do.ShowTip(card)) for card in CARDS if card in tips]


def asked_about(text: str) -> do.Verify:
    """The question for a code that stands in a text, or in a link."""
    return do.Verify(str(read_code(text) or UNKNOWN))


async def code_typed(turn: Turn, _about: str, text: str) -> Screen | None:
    """The code that was asked for; None when something else was written, a call for help perhaps."""
    return await turn.go(asked_about(text)) if read_code(text) or _tries(turn, text) else None


def _tries(turn: Turn, text: str) -> bool:
    """Whether a text that is no code was meant as one: two words at most, short, with a digit, and no other sense."""
    short = len(text) <= LONGEST_CODE and len(text.split()) <= 2  # noqa: PLR2004 - a number and a mark
    means_more = action_of(text.strip()) or turn.library.search.sounds_urgent(text, turn.resident.language)
    return short and any(letter.isdigit() for letter in text) and not means_more


async def recognised(turn: Turn, text: str) -> Screen | None:
    """The answer to a code of ours, or to a message with one below, sent without a command; None for other texts."""
    code = read_code(text)
    if code is None or await check(turn.conn, turn.tools.vault, str(code), turn.now) is None:
        return None
    return await turn.go(do.Verify(str(code)))
