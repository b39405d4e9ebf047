""" "What do I do when…": free text finds cards, tips and quizzes; words of an emergency put 112 first."""

import hashlib
from collections.abc import Sequence, Set
from dataclasses import replace

from bot.catalogue.library import Library
from bot.catalogue.names import area_named
from bot.catalogue.search import SURE, Hit
from bot.dialogue.scenes.parts import MENU, button, column, titled
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.areas import Area, Audience
from bot.domain.messages import Block, Button, Row, Screen, say
from bot.services import missed
from bot.services.learning import audiences_of

MOST_FOUND = 5
CLEAR_LEAD = 1.25
"""A card this much ahead of the next hit is shown at once."""
OTHER_AGE = 0.85
"""What an item counts for when it was written for another age than the reader's."""
_EMERGENCY = "112"


async def invite(turn: Turn, action: do.Ask) -> Screen:  # noqa: ARG001 - every scene takes its action
    """Invites a question in one's own words."""
    cards = [turn.library.tips[card] for card in turn.library.programme.first_cards]
    return Screen(
        blocks=(say("ask.invite"), say("ask.emergency")),
        rows=(*column(titled(card.title, do.ShowTip(card.id)) for card in cards), MENU),
        asks=say("ask.field"),
    )


async def search(turn: Turn, text: str) -> Screen:
    """What was found for a text. In an emergency, 112 stands first and the best card follows at once."""
    way = way_to(turn.library, text, turn.resident.language, audiences_of(turn.resident))
    if isinstance(way, do.ShowTip):
        return await turn.go(way)
    if not way.items and (area := _area(turn.library, text)):
        return await turn.go(do.QuizArea(area.value))
    if not way.items:
        await missed.note(turn.conn, turn.library, turn.tools.vault, turn.resident, text, now=turn.now)
    return await found(turn, way)


def way_to(library: Library, text: str, language: str, audiences: Set[Audience]) -> do.ShowTip | do.Found:
    """Where a text leads whoever reads this language and belongs to these audiences: to one item, or to a choice."""
    urgent = library.search.sounds_urgent(text, language)
    hits = _suited(library, audiences, library.search.find(text, language, 2 * MOST_FOUND))[:MOST_FOUND]
    if card := _clear_card(library, hits, urgent=urgent):
        return do.ShowTip(card, urgent=urgent and library.tips[card].call != _EMERGENCY)
    if not urgent and len(hits) == 1 and hits[0].kind == "tip" and hits[0].score >= SURE:
        return do.ShowTip(hits[0].id)
    return do.Found(urgent, ".".join(short_name(hit.kind, hit.id) for hit in hits))


def _suited(library: Library, audiences: Set[Audience], hits: Sequence[Hit]) -> list[Hit]:
    """The hits anew in order, those for another age a little behind."""

    def weighed(hit: Hit) -> Hit:
        audience = library.tips[hit.id].audience if hit.kind == "tip" else library.quizzes[hit.id].audience
        return hit if audiences & set(audience) else replace(hit, score=OTHER_AGE * hit.score)

    return sorted(map(weighed, hits), key=lambda hit: -hit.score)


async def search_quiz(turn: Turn, text: str) -> Screen:
    """The quizzes of the area that is named, else the quiz that fits best; without one, whatever else was found."""
    if area := _area(turn.library, text):
        return await turn.go(do.QuizArea(area.value))
    hits = turn.library.search.find(text, turn.resident.language, MOST_FOUND * 4)
    best = next((hit.id for hit in hits if hit.kind == "quiz"), None)
    return await turn.go(do.QuizIntro(best)) if best else await search(turn, text)


def _area(library: Library, text: str) -> Area | None:
    """The area that is named, if it has quizzes."""
    named = area_named(library.programme, text)
    return named if any(quiz.area == named for quiz in library.quizzes.values()) else None


def _clear_card(library: Library, hits: Sequence[Hit], *, urgent: bool) -> str | None:
    best = next((hit for hit in hits if hit.kind == "tip" and library.tips[hit.id].steps), None)
    if best is None:
        return None
    if urgent:
        return best.id
    alone = all(hit is best or best.score >= CLEAR_LEAD * hit.score for hit in hits)
    return best.id if alone and best.score >= SURE else None


def short_name(kind: str, slug: str) -> str:
    """Nine letters that stand for an item: five of them fit in a code, and no two items of a city share one."""
    return kind[0] + hashlib.blake2b(slug.encode(), digest_size=4).hexdigest()


async def found(turn: Turn, action: do.Found) -> Screen:
    """Items to choose from; with none, other ways to go on."""
    return found_screen(turn.library, action)


def found_screen(library: Library, action: do.Found) -> Screen:
    """The same, for whoever has no turn."""
    ways = _ways(library)
    buttons = [ways[name] for name in action.items.split(".") if name in ways]
    first: Block = say("ask.call_first") if action.urgent else say("ask.found") if buttons else say("ask.nothing")
    rows: list[Row] = list(column(buttons))
    if action.urgent:
        rows.append((button("home.numbers", do.Numbers()),))
    elif not buttons:
        rows += [(button("tip.topics", do.TipTopics()), button("home.quiz", do.Quizzes()))]
    return Screen(
        blocks=(first, *((say("ask.found"),) if action.urgent and buttons else ())),
        rows=(*rows, MENU),
        here=action,
        asks=say("ask.field"),
        replaces=False,
    )


def _ways(library: Library) -> dict[str, Button]:
    cards = {short_name("tip", tip.id): titled(tip.title, do.ShowTip(tip.id)) for tip in library.tips.values()}
    quizzes = {short_name("quiz", one.id): titled(one.title, do.QuizIntro(one.id)) for one in library.quizzes.values()}
    return cards | quizzes
