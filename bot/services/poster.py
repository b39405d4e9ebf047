"""Pictures and paper for a quiz link: a QR code, and a one-page poster."""

import io
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import segno
import typst

from bot.catalogue.library import Library
from bot.catalogue.schema import Quiz
from bot.domain.messages import Plain, say
from bot.storage.classroom import QuizLink

_TEMPLATE = Path(__file__).with_name("poster.typ")
QR_SCALE = 14
"""Pixels for each module: readable from the back of a classroom."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that is written on a poster."""

    language: str
    programme: str
    title: str
    about: str
    invitation: str
    facts: str
    address: str
    ends: str
    operator: str
    qr_svg: str


@lru_cache(maxsize=64)
def qr_png(url: str) -> bytes:
    """A QR code as a PNG, with the quiet zone that readers need."""
    out = io.BytesIO()
    segno.make(url, error="m").save(out, kind="png", scale=QR_SCALE, border=4)
    return out.getvalue()


def sheet(library: Library, quiz: Quiz, url: str, link: QuizLink, language: str) -> Sheet:
    """What a poster says, in one language."""
    label = library.words.label
    svg = io.BytesIO()
    segno.make(url, error="m").save(svg, kind="svg", border=0, xmldecl=False, svgns=True)
    return Sheet(
        language=language,
        programme=library.programme.name,
        title=label(Plain(quiz.title), language),
        about=label(Plain(quiz.about), language),
        invitation=label(say("poster.invitation"), language),
        facts=label(say("poster.facts", n=len(quiz.questions)), language),
        address=url.removeprefix("https://").removeprefix("http://"),
        ends=label(say("poster.ends", date=link.ends_at.date()), language),
        operator=label(Plain(library.programme.operator), language),
        qr_svg=svg.getvalue().decode(),
    )


def pdf(content: Sheet) -> bytes:
    """The poster as a PDF of one A4 page. Slow (some tenths of a second): run it beside the event loop."""
    made = typst.compile(_TEMPLATE, sys_inputs={"sheet": json.dumps(asdict(content))})
    return made if isinstance(made, bytes) else b"".join(made)
