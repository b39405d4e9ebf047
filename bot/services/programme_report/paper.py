"""The report as a PDF, by typst."""

import json
import unicodedata
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typst

from bot.catalogue.words import Words
from bot.domain.messages import say
from bot.services.programme_report.reading import Reading
from scheduler.calendar import ZONE

_TEMPLATE = Path(__file__).with_name("paper.typ")
ACCESSIBLE: Final = "ua-1"
"""PDF/UA-1: tagged, with its language, its title and words for each picture."""
WORDS = ("contents", "means", "reading")
_UNPRINTABLE = frozenset({"So", "Sk", "Cc", "Cf", "Co", "Cn", "Cs"})
"""Unicode's categories of pictures, which no font of typst's own has, and of what no ink shows."""


def pdf(reading: Reading, words: Words, as_of: datetime) -> bytes:
    """The report on A4, with its contents, plots and page numbers. Slow (seconds): run it beside the event loop."""
    local = as_of.astimezone(ZONE)
    content = _printable(asdict(reading)) | {
        "date": [local.year, local.month, local.day],
        "words": {key: words.label(say(f"report.{key}"), reading.language) for key in WORDS},
        "page": words.label(say("report.page", page="{page}", of="{of}"), reading.language),
    }
    inputs = {"report": json.dumps(content)}
    try:
        made = typst.compile(_TEMPLATE, sys_inputs=inputs, pdf_standards=[ACCESSIBLE])
    except typst.TypstError:  # a letter that no font of ours has: the standard forbids the empty box in its place
        made = typst.compile(_TEMPLATE, sys_inputs=inputs)
    return made if isinstance(made, bytes) else b"".join(made)


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(filter(_has_ink, value))
    if isinstance(value, dict):
        return {key: _printable(one) for key, one in value.items()}
    return [_printable(one) for one in value] if isinstance(value, list | tuple) else value


def _has_ink(char: str) -> bool:
    return char.isprintable() if char.isascii() else unicodedata.category(char) not in _UNPRINTABLE
