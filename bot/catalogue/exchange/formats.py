"""The formats by name: what each writes, what it reads, what it loses."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from pathlib import Path

from bot.catalogue.exchange import gift, gift_reader, losses, moodle_reader, moodle_xml, table, table_reader
from bot.catalogue.exchange.draft import Draft
from bot.catalogue.exchange.files import Foreign
from bot.catalogue.exchange.languages import Voice, only
from bot.catalogue.schema import Quiz
from bot.catalogue.words import Words


class Format(StrEnum):
    """What a quiz can be exported to."""

    GIFT = "gift"
    MOODLE_XML = "moodle-xml"
    CSV = "csv"
    ANKI = "anki"
    PRINT = "print"


READERS: Mapping[Format, Callable[[Foreign, str], Draft]] = {
    Format.GIFT: gift_reader.read,
    Format.MOODLE_XML: moodle_reader.read,
    Format.CSV: table_reader.read,
}
SUFFIXES: Mapping[Format, str] = {
    Format.GIFT: gift.SUFFIX,
    Format.MOODLE_XML: moodle_xml.SUFFIX,
    Format.CSV: table.SUFFIX,
    Format.ANKI: ".apkg",
    Format.PRINT: ".pdf",
}
NAMES: Mapping[Format, str] = {
    Format.GIFT: "GIFT",
    Format.MOODLE_XML: "Moodle XML",
    Format.CSV: "CSV",
    Format.ANKI: "Anki",
    Format.PRINT: "A worksheet",
}
_BY_SUFFIX = {".gift": Format.GIFT, ".xml": Format.MOODLE_XML, ".csv": Format.CSV, ".tsv": Format.CSV}


def write(quiz: Quiz, to: Format, languages: Sequence[str], words: Words) -> str:
    """A quiz as text in one of the formats that can be read back; `languages` in their order.

    Raises ContentError if a text is in none of the languages.
    """
    kept = only(quiz, languages)
    match to:
        case Format.GIFT:
            return gift.write(kept, Voice(tuple(languages), words))
        case Format.MOODLE_XML:
            return moodle_xml.write(kept, Voice(tuple(languages), words))
        case Format.CSV:
            return table.write(kept, languages)
        case Format.ANKI | Format.PRINT:
            raise ValueError(to)


def lost(quiz: Quiz, to: Format, languages: Sequence[str]) -> Iterator[str]:
    """One line for each thing that the format cannot hold of this quiz in these languages."""
    found = [losses.languages(quiz, languages)] if to is not Format.PRINT else []
    match to:
        case Format.GIFT:
            found += [losses.matching(quiz), losses.spelling(quiz)]
        case Format.MOODLE_XML:
            found += [losses.spelling(quiz)]
        case Format.ANKI:
            found += [losses.wrong_answers(quiz)]
        case Format.CSV | Format.PRINT:
            pass
    return (f"{NAMES[to]} {loss}." for loss in chain.from_iterable(found))


def guess(file: Foreign) -> Format:
    """The format of a file by its name, or else by how it begins. Raises ContentError."""
    by_name = _BY_SUFFIX.get(Path(file.name).suffix.lower())
    if by_name:
        return by_name
    start = file.text.lstrip("\ufeff \n\t")
    if start.startswith("<"):
        return Format.MOODLE_XML
    if "{" in start:
        return Format.GIFT
    raise file.error(0, f"the name does not say what this is; add --format {', '.join(READERS)}")
