"""A screen made ready for one room: what is sent, and what is kept of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.catalogue.words import Words
from bot.channels.matrix import choices, polls, render
from bot.dialogue.actions import BadCode, decode, encode
from bot.domain.actions import Action, ShowQuestion
from bot.domain.messages import Reply, Screen
from bot.domain.residents import Answering
from bot.storage.matrix import Shown

MESSAGE = "m.room.message"


@dataclass(frozen=True, slots=True)
class Letter:
    """What shows a screen. Its keys are made from one, so that the same letter again is the same events."""

    key: str
    language: str
    screen: Screen
    kind: str
    content: Mapping[str, Any]
    shown: Shown
    """What stands in the room once it is there."""
    seeds: tuple[str, ...] = ()
    """Reactions to be tapped on it."""
    thread: str | None = None


def compose(reply: Reply, key: str, words: Words, *, thread: str | None = None) -> Letter:
    """A letter with a screen, in the form that its reader likes."""
    screen, language = reply.screen, reply.language
    asked = polls.poll(screen, language, words) if reply.answering is Answering.POLL and thread is None else None
    if asked is not None:
        content, ways = asked
        return Letter(key, language, screen, polls.START, content, _shown(key, screen, Answering.POLL, ways))
    message = render.message(screen, language, words)
    content = render.in_thread(message.content, thread) if thread else message.content
    taps = reply.answering is Answering.REACTIONS and thread is None
    return Letter(
        key,
        language,
        screen,
        MESSAGE,
        content,
        _shown(key, screen, Answering.REACTIONS if taps else Answering.NUMBERS, message.choices),
        tuple(choices.seeds(message.choices)) if taps else (),
        thread,
    )


def _shown(key: str, screen: Screen, form: Answering, ways: tuple[tuple[str, str], ...]) -> Shown:
    here = encode(screen.here) if screen.here else None
    return Shown(key, None, form, here, ways, awaits=screen.awaits is not None)


def named(shown: Shown, event: str) -> Shown:
    """The same, once the event that shows it has a name."""
    return replace(shown, event=event)


def keyed(letter: Letter, key: str) -> Letter:
    """The same under another key."""
    return replace(letter, key=key, shown=replace(letter.shown, key=key))


def in_place(letter: Letter, before: Shown | None, *, pressed: bool) -> Letter:
    """The letter as a change of the screen that stands there, where that is the same screen in another state.

    `pressed`: it answers a choice of that screen.

    A box that was ticked changes in place. A new screen does not: the number that was typed for it stands below the
    old one, and whoever reads on, or has the room read out, looks there.
    """
    fits = letter.kind == MESSAGE and not (letter.screen.picture or letter.screen.file or letter.thread)
    if not (fits and letter.screen.replaces and pressed and _same(before, letter.shown)):
        return letter
    if before is None or before.event is None:
        return letter
    shown = replace(letter.shown, key=before.key, event=before.event)
    return replace(letter, content=render.edited(dict(letter.content), before.event), shown=shown)


def _same(before: Shown | None, after: Shown) -> bool:
    if before is None or not before.form == after.form == Answering.NUMBERS:
        return False
    return None not in {before.here, after.here} and _place(before.here) == _place(after.here)


def _place(here: str | None) -> Action | None:
    """Where a screen is; what was picked there so far, and not yet confirmed, changes nothing in that."""
    try:
        action = decode(here) if here else None
    except BadCode:  # an older version's
        return None
    return replace(action, picked="") if isinstance(action, ShowQuestion) else action
