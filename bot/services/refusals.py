"""What a campaign is refused for, before it is kept or given a time."""

from collections.abc import Iterator
from datetime import datetime

from bot.catalogue.campaigns import named, too_long, workshops_of
from bot.catalogue.documents import Document
from bot.catalogue.library import Library
from bot.catalogue.problems import Problem
from bot.catalogue.references import picture_problems
from bot.catalogue.rules.campaigns import unfit
from bot.catalogue.schema import Campaign as Content
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.errors import BotError
from bot.storage import workshops
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection
from scheduler.model import Campaign, OneOff, Schedule


class TextTooLong(BotError):
    """The text does not fit one message in every language."""


class NoSuchWorkshop(BotError):
    """There is no workshop of this number."""


class NobodyToReach(BotError):
    """The campaign would reach nobody now."""


def in_file(document: Document[Content], library: Library) -> Iterator[Problem]:
    """Everything that keeps a file of staff's own from being a campaign, each with its place."""
    known = {"quizzes": library.quizzes, "tips": library.tips}
    for folder, name, where in named(document.item):
        if name not in known[folder]:
            yield document.problem(f"there is no {'quiz' if folder == 'quizzes' else 'tip'} {name!r}", *where)
    yield from picture_problems(document, library.pictures)
    yield from unfit(document, library.words.languages)
    texts = {"title": document.item.title, "text": document.item.text}
    if document.item.picture:
        texts["picture"] = document.item.picture.alt
    for field, text in texts.items():
        if DEFAULT_LANGUAGE not in text:
            yield document.problem("the Polish text is missing; others fall back to it", field)


async def refuse_unfit(conn: Connection, content: Content) -> None:
    """What holds wherever the words come from. Raises TextTooLong, NoSuchWorkshop."""
    for _, message in too_long(content):
        raise TextTooLong(f"{message[0].upper()}{message[1:]}.")
    wanted = workshops_of(content)
    for number in sorted(wanted - await workshops.known(conn, wanted)) if wanted else ():
        raise NoSuchWorkshop(f"There is no workshop {number}; `bezpieczny workshop list` shows their numbers.")


async def refuse_nobody(conn: Connection, campaign: Campaign, when: Schedule, now: datetime) -> None:
    """A campaign that goes out at once needs somebody to reach; before a later time people may still subscribe.

    Raises NobodyToReach.
    """
    if not isinstance(when, OneOff) or when.at > now:
        return
    if not await ResidentsAudience().reaches_anybody(conn, campaign, now):
        raise NobodyToReach(
            f"Campaign {campaign.id} would reach nobody now: `campaign preview {campaign.id}` tells why. "
            "Revise its audience, or give it a later time."
        )
