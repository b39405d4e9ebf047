"""From a file of another program to a content file for its author to finish."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.catalogue.exchange import content_file
from bot.catalogue.exchange.draft import Draft
from bot.catalogue.exchange.files import Foreign, open_foreign
from bot.catalogue.exchange.formats import READERS, Format, guess
from bot.catalogue.exchange.languages import TRANSLATED
from bot.catalogue.exchange.names import slug
from bot.catalogue.problems import Problem
from bot.catalogue.words import FIRST_LANGUAGES
from bot.domain.areas import Area


@dataclass(frozen=True, slots=True)
class Imported:
    """A content file that is not written yet."""

    id: str
    text: str
    questions: int
    skipped: tuple[Problem, ...]
    untranslated: Mapping[str, int]
    """Language → texts that are not in it yet."""


def read(
    file: Path,
    *,
    what: Format | None = None,
    language: str,
    name: str | None = None,
    area: Area | None = None,
) -> Imported:
    """Read a file; what `name` and `area` say goes before what it says itself. Raises ContentError."""
    foreign = open_foreign(file)
    draft = _reader(foreign, what)(foreign, language)
    data = draft.data()
    data["id"] = name or slug(data.get("id", "") or file.stem, "quiz")
    if area:
        data["area"] = area.value
    untranslated = {
        code: count for code in FIRST_LANGUAGES if (count := sum(code not in each for each in _texts(data)))
    }
    notes = [f"{', '.join(untranslated)}: translate every text that lacks it"] if untranslated else []
    text = content_file.write(data, notes)
    return Imported(data["id"], text, len(draft.questions), draft.skipped, untranslated)


def _reader(foreign: Foreign, what: Format | None) -> Callable[[Foreign, str], Draft]:
    chosen = what or guess(foreign)
    if chosen not in READERS:
        raise foreign.error(0, f"{chosen} only goes out; what comes in is {', '.join(READERS)}")
    return READERS[chosen]


def _texts(value: object) -> Iterator[Sequence[str]]:
    """The languages of every text."""
    match value:
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for name, item in value.items():
                if name in TRANSLATED and isinstance(item, dict):
                    yield tuple(item)
                else:
                    yield from _texts(item)
        case _:
            return
