"""Tips and cards: the next one, by topic, and whether it was useful."""

from bot.catalogue.schema import Quiz, Tip
from bot.dialogue.scenes.parts import MENU, button, column, grid, titled
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.areas import Area
from bot.domain.messages import Block, Button, Picture, Plain, Row, Screen, say
from bot.services import tips as service
from bot.services.blocks import tip_blocks
from bot.services.learning import quiz_about
from bot.storage import learning as store

TIPS_SHOWN = 8


async def next_(turn: Turn, action: do.NextTip) -> Screen:
    """A tip this resident has not seen, of a topic or of the areas they follow."""
    tip = await service.next_tip(turn.conn, turn.library, turn.resident, topic=action.topic, now=turn.now)
    return await show(turn, do.ShowTip(tip.id))


async def show(turn: Turn, action: do.ShowTip) -> Screen:
    """One tip, marked as seen."""
    tip = service.get_tip(turn.library, action.tip)
    await store.mark_tip(turn.conn, turn.resident.id, tip.id, turn.now)
    rating = await store.tip_rating(turn.conn, turn.resident.id, tip.id)
    quiz = None if tip.steps or action.attempt else await quiz_about(turn.conn, turn.library, turn.resident, tip)
    call_first: tuple[Block, ...] = (say("ask.call_first"),) if action.urgent else ()
    return Screen(
        blocks=(*call_first, *tip_blocks(tip)),
        rows=tuple(_rows(turn, tip, quiz, action.attempt, rating)),
        picture=_picture(turn, tip),
        here=action,
    )


def _picture(turn: Turn, tip: Tip) -> Picture | None:
    return Picture(turn.library.pictures[tip.picture.file], Plain(tip.picture.alt)) if tip.picture else None


def _rows(turn: Turn, tip: Tip, quiz: Quiz | None, attempt: int, rating: bool | None) -> list[Row]:
    if tip.steps:  # in the moment itself nobody wants to rate, or to play
        topic = turn.library.programme.topics[tip.topic]
        more = Button(say("card.more", topic=Plain(topic.name)), do.NextTip(tip.topic))
        return [*_back_to(attempt), (more, *MENU)]
    rows = _back_to(attempt)
    if rating is None:
        useful, useless = (do.RateTip(tip.id, useful, attempt) for useful in (True, False))
        rows.append((button("tip.useful", useful), button("tip.useless", useless)))
    if quiz:
        rows.append((Button(say("tip.quiz", title=Plain(quiz.title)), do.QuizIntro(quiz.id)),))
    return [*rows, (button("tip.next", do.NextTip()), button("tip.topics", do.TipTopics())), MENU]


def _back_to(attempt: int) -> list[Row]:
    return [(button("tip.to_quiz", do.ShowResult(attempt)),)] if attempt else []


async def rate(turn: Turn, action: do.RateTip) -> Screen:
    """Thanks, and the way to the next one."""
    tip = service.get_tip(turn.library, action.tip)
    await store.mark_tip(turn.conn, turn.resident.id, tip.id, turn.now, useful=action.useful)
    return Screen(
        blocks=(say("tip.thanks" if action.useful else "tip.noted"),),
        rows=(
            *_back_to(action.attempt),
            (button("tip.next", do.NextTip()), button("tip.topics", do.TipTopics())),
            MENU,
        ),
    )


async def topics(turn: Turn, action: do.TipTopics) -> Screen:
    """Choose an area, then a topic."""
    programme = turn.library.programme
    if action.area not in list(Area):
        areas = [
            titled(programme.areas[area].name, do.TipTopics(area.value)) for area in Area if area in programme.areas
        ]
        return Screen(blocks=(say("tip.choose_area"),), rows=(*column(areas), (button("tip.any", do.NextTip()), *MENU)))
    there = {tip.topic for tip in turn.library.tips.values()}
    choices = [
        titled(topic.name, do.NextTip(slug))
        for slug, topic in programme.topics.items()
        if topic.area == action.area and slug in there
    ]
    return Screen(blocks=(say("tip.choose_topic"),), rows=(*grid(choices, 2), (button("back", do.TipTopics()), *MENU)))
