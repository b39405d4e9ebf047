"""Writing to those who booked a workshop: as they will read it, to how many, and what became of it."""

from collections.abc import Mapping

from starlette.responses import Response

from bot.catalogue.schema import LONGEST_TEXT
from bot.channels.web.markup import to_html
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.reminders import Readers
from bot.domain.workshops import Workshop
from bot.services import workshop_messages as service
from bot.services.letters import staff_letter
from bot.storage.database import Connection
from bot.web.console.fields import Trouble
from bot.web.console.visit import Change, Done, Route, Visit
from bot.web.console.workshop_parts import about, find, url_of

READERS: Mapping[Readers, str] = {
    Readers.CONFIRMED: "workshops.message.to_confirmed",
    Readers.WAITING: "workshops.message.to_waiting",
    Readers.BOTH: "workshops.message.to_both",
}
"""Whom → the key of its words; `n` is how many people will get it."""


async def write(visit: Visit) -> Response:
    """The form, and what was written before."""
    return await _show(visit, None)


async def _show(visit: Visit, trouble: Trouble | None, *, looks: bool = False) -> Response:
    async with visit.house.database.read() as conn:
        workshop = await find(visit, conn)
        reached = {readers: await service.reach(conn, workshop.id, readers) for readers in Readers}
    readers = _readers(visit)
    leaves_at = service.leaves_at(visit.now)
    return visit.page(
        "workshops_message.html",
        workshop=workshop,
        texts=_texts(visit),
        readers=readers.value,
        choices=[(one.value, visit.say(key, n=reached[one].told)) for one, key in READERS.items()],
        silent=reached[Readers.BOTH].silent,
        reached=reached[readers].told,
        anybody=any(one.told for one in reached.values()),
        leaves_at=leaves_at if leaves_at > visit.now else None,
        limit=LONGEST_TEXT,
        letters=_letters(visit, workshop) if looks else [],
        trouble=trouble,
    )


def _texts(visit: Visit) -> dict[str, str]:
    """Language → what is typed; every language of the residents, Polish first."""
    return {language: visit.fields.one(f"text_{language}") for language in visit.looks.words.languages}


def _readers(visit: Visit) -> Readers:
    chosen = visit.fields.one("readers")
    return Readers(chosen) if chosen in set(Readers) else Readers.CONFIRMED


def _letters(visit: Visit, workshop: Workshop) -> list[tuple[str, str, list[str], bool]]:
    """In each language: its code, the letter as HTML, its buttons, whether it is Polish for want of a translation."""
    texts, words = _texts(visit), visit.looks.words
    letter = staff_letter({code: text.strip() for code, text in texts.items() if text.strip()}, workshop)
    return [
        (
            language,
            to_html("\n\n".join(words.markdown(block, language) for block in letter.blocks)),
            [words.label(way.label, language) for row in letter.rows for way in row],
            not texts[language].strip() and language != DEFAULT_LANGUAGE,
        )
        for language in words.languages
    ]


async def look(visit: Visit) -> Response:
    """The page once more, with the letters below."""
    return await _show(visit, _wrong(visit), looks=True)


def _wrong(visit: Visit) -> Trouble | None:
    try:
        service.in_words(_texts(visit))
    except service.UNFIT as error:
        return visit.trouble(error)
    return None


async def draw(visit: Visit) -> Response:
    """The letters alone, while they are typed."""
    async with visit.house.database.read() as conn:
        workshop = await find(visit, conn)
    return visit.part("workshops_letters.html", letters=_letters(visit, workshop))


async def send(visit: Visit) -> Response:
    """Send it, as a run with its ledger."""

    async def change(conn: Connection) -> Done:
        number = (await find(visit, conn)).id
        sent, run = await service.send(
            conn, number, _texts(visit), _readers(visit), who=visit.member.name, now=visit.now
        )
        told = {"message": sent.id, "readers": sent.readers.value, "languages": [*sent.text], "told": run.audience}
        return Done(
            url_of(number, "#messages"), told="workshop_message", log=Change("write", about(number), None, told)
        )

    return await visit.act(change, again=lambda trouble: _show(visit, trouble, looks=True))


ROUTES = (
    Route("GET", "/workshops/{number:int}/message", "plan_workshops", write),
    Route("POST", "/workshops/{number:int}/message", "plan_workshops", send),
    Route("POST", "/workshops/{number:int}/message/look", "plan_workshops", look),
    Route("POST", "/workshops/{number:int}/message/letters", "plan_workshops", draw),
)
