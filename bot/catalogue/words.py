"""Interface words: `content/words/<language>.po`, keyed, with plurals and dates by CLDR.

What only one part of the program says (the console, say) stands in `content/words/<part>/<language>.po`.

A PO file's msgid is a key (`quiz.right`); its msgstr is Markdown with `{name}` placeholders. A plural has the same
key as `msgid_plural`, and the parameter `n` chooses the form by the CLDR rule. The header `Language` names the CLDR
locale (`en_GB` says how English dates are written); the file's name is the code used everywhere else.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import assert_never
from zoneinfo import ZoneInfo

import structlog
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal, format_percent

from bot.catalogue.markup import escape, plain
from bot.catalogue.problems import ContentError, Problem
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.messages import Block, Markdown, Param, Phrase, Plain

LOCAL_TIME = ZoneInfo("Europe/Warsaw")
FIRST_LANGUAGES = (DEFAULT_LANGUAGE, "uk", "en")
"""The order in which languages are offered; any others follow, by code."""
UNGROUPED = 10_000
"""Below this, numbers are written without a separator (and so are years)."""
PLURAL_TAGS = ("zero", "one", "two", "few", "many", "other")
COUNT = "n"
"""The parameter that chooses a plural form."""

_SLOT = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_LINE = re.compile(r'(|#.*|((msgctxt|msgid|msgid_plural|msgstr(\[\d\])?)\s+)?"([^"\\]|\\.)*")\s*')
_KEY = re.compile(r'msgid\s+"(.+)"\s*')
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Template:
    """One msgstr, cut at its placeholders: words at even places, names at odd ones."""

    parts: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> "Template":
        """Cut a text at `{name}`; any other brace is a brace."""
        return cls(tuple(_SLOT.split(text)))

    @property
    def names(self) -> frozenset[str]:
        """The placeholders."""
        return frozenset(self.parts[1::2])

    def fill(self, value: Callable[[str], str]) -> str:
        """The text, with each placeholder's value in its place."""
        return "".join(value(part) if place % 2 else part for place, part in enumerate(self.parts))


@dataclass(frozen=True, slots=True)
class Entry:
    """The words of a key in one language; a plural has a form for each CLDR category."""

    forms: tuple[Template, ...]
    plural: bool
    line: int
    file: Path


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words of one language."""

    code: str
    locale: Locale
    entries: Mapping[str, Entry]

    @property
    def plural_forms(self) -> int:
        """How many forms a whole number of things can take; the CLDR form for fractions alone is not among them."""
        return len({self._form(number) for number in range(200)})

    def _form(self, count: int) -> int:
        tags = [tag for tag in PLURAL_TAGS if tag == "other" or tag in self.locale.plural_form.tags]
        return tags.index(self.locale.plural_form(count))

    def pick(self, entry: Entry, params: Mapping[str, Param]) -> Template:
        """The form that fits the count."""
        count = params.get(COUNT)
        if not entry.plural or not isinstance(count, int):
            return entry.forms[-1]
        return entry.forms[min(self._form(abs(count)), len(entry.forms) - 1)]


@dataclass(frozen=True, slots=True)
class Words:
    """Finds words in a resident's language."""

    vocabularies: Mapping[str, Vocabulary]
    _missed: set[str] = field(default_factory=set, compare=False, repr=False)

    @classmethod
    def load(cls, folder: Path) -> "Words":
        """Read all PO files of a folder and of those in it. Raises ContentError for files that cannot be read."""
        files = {file.stem: file for file in folder.glob("*.po")}
        if DEFAULT_LANGUAGE not in files:
            raise ContentError([Problem(str(folder), 0, 0, f"{DEFAULT_LANGUAGE}.po is missing; it is the fallback")])
        order = [code for code in FIRST_LANGUAGES if code in files]
        order += sorted(files.keys() - set(order))
        vocabularies: dict[str, Vocabulary] = {}
        problems: list[Problem] = []
        for code in order:
            try:
                vocabularies[code] = _read_vocabulary(code, [files[code], *sorted(folder.glob(f"*/{code}.po"))])
            except ContentError as error:
                problems.extend(error.problems)
        if problems:
            raise ContentError(problems)
        return cls(vocabularies)

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages there are, the default first."""
        return tuple(self.vocabularies)

    def choose(self, hint: str) -> str:
        """The best of our languages for a client's (`uk`, `pl-PL`, `de,uk;q=0.8`); the default if none fits."""
        codes = (re.split(r"[-_;]", part.strip())[0].lower() for part in hint.split(","))
        return next((code for code in codes if code in self.vocabularies), DEFAULT_LANGUAGE)

    def language_name(self, code: str) -> str:
        """A language's name in itself, as it stands on a button."""
        name = self._vocabulary(code).locale.get_language_name() or code
        return name[:1].upper() + name[1:]

    def has(self, key: str) -> bool:
        """Whether there are words for a key."""
        return key in self.vocabularies[DEFAULT_LANGUAGE].entries

    def number(self, value: float, language: str, *, digits: int | None = None) -> str:
        """A number as it is written in a language; with `digits`, so many after its point."""
        locale = self._vocabulary(language).locale
        if digits is not None:
            return str(format_decimal(round(value, digits) + 0.0, f"0.{'0' * digits}", locale=locale))  # no −0
        return _localised(value, locale) if isinstance(value, int) else str(format_decimal(value, locale=locale))

    def percent(self, share: float, language: str, *, digits: int = 0) -> str:
        """A share (0.25) as a percentage."""
        places = "." + "0" * digits if digits else ""
        return str(format_percent(share, f"0{places}\u00a0%", locale=self._vocabulary(language).locale))

    def day(self, day: date, language: str) -> str:
        """A date as tables show it; of an instant, Kraków's."""
        local = day.astimezone(LOCAL_TIME).date() if isinstance(day, datetime) else day
        return str(format_date(local, "medium", locale=self._vocabulary(language).locale))

    def month(self, day: date, language: str) -> str:
        """The month that a date is in, with its year, as a heading."""
        return str(format_date(day, "LLLL y", locale=self._vocabulary(language).locale))

    def weekday(self, day: date, language: str, *, short: bool = False) -> str:
        """The day of the week of a date, as it stands alone."""
        return str(format_date(day, "ccc" if short else "cccc", locale=self._vocabulary(language).locale))

    def moment(self, at: datetime, language: str) -> str:
        """An instant as tables show it, in Kraków's time."""
        return f"{self.day(at, language)}, {self.time(at)}"

    def time(self, at: datetime) -> str:
        """The time of an instant in Kraków."""
        return f"{at.astimezone(LOCAL_TIME):%H:%M}"

    def markdown(self, block: Block, language: str) -> str:
        """A block as Markdown; what fills a placeholder is escaped unless it is Markdown itself."""
        match block:
            case Phrase():
                return self._phrase(block, language)
            case Plain(texts):
                return escape(self._text(texts, language))
            case Markdown(texts):
                return self._text(texts, language)
            case _:
                assert_never(block)

    def label(self, block: Block, language: str) -> str:
        """A block as plain text, for places without markup: buttons, alt texts, notifications."""
        return self._text(block.texts, language) if isinstance(block, Plain) else plain(self.markdown(block, language))

    def _phrase(self, phrase: Phrase, language: str) -> str:
        vocabulary, entry = self._find(phrase.key, language)
        if entry is None:
            return escape(phrase.key)
        template = vocabulary.pick(entry, phrase.params)
        return template.fill(lambda name: self._value(name, phrase, language))

    def _value(self, name: str, phrase: Phrase, language: str) -> str:
        match phrase.params.get(name):
            case None:
                self._miss_once(f"{phrase.key}: nothing was given for {{{name}}}")
                return f"{{{name}}}"
            case str(text):
                return escape(text)
            case int() | date() as value:
                return escape(_localised(value, self._vocabulary(language).locale))
            case block:
                return self.markdown(block, language)

    def _find(self, key: str, language: str) -> tuple[Vocabulary, Entry | None]:
        for code in (language, DEFAULT_LANGUAGE):
            vocabulary = self._vocabulary(code)
            if key in vocabulary.entries:
                return vocabulary, vocabulary.entries[key]
            self._miss_once(f"{key}: no words in {code}")
        return vocabulary, None

    def _vocabulary(self, language: str) -> Vocabulary:
        return self.vocabularies.get(language) or self.vocabularies[DEFAULT_LANGUAGE]

    def _text(self, texts: Mapping[str, str], language: str) -> str:
        text = texts.get(language) or texts.get(DEFAULT_LANGUAGE) or next(iter(texts.values()), "")
        return text.strip()

    def _miss_once(self, what: str) -> None:
        if what not in self._missed:
            self._missed.add(what)
            _log.warning("words.missing", what=what)


@lru_cache(maxsize=1024)
def _localised(value: int | date, locale: Locale) -> str:
    match value:
        case datetime():
            return str(format_datetime(value, "EEEE, d MMMM, HH:mm", tzinfo=LOCAL_TIME, locale=locale))
        case date():
            return str(format_date(value, "long", locale=locale))
        case _:
            return str(value) if abs(value) < UNGROUPED else str(format_decimal(value, locale=locale))


def _read_vocabulary(code: str, files: Iterable[Path]) -> Vocabulary:
    entries: dict[str, Entry] = {}
    locale = None
    for file in files:
        found, theirs = _read_file(code, file)
        locale = locale or found  # the parts follow the whole
        for key in theirs.keys() & entries.keys():
            where = theirs[key]
            raise ContentError(
                [Problem(str(file), where.line, 1, f"{key!r} stands in {entries[key].file} too; keep one")]
            )
        entries |= theirs
    return Vocabulary(code, locale or Locale.parse(code), entries)


def _read_file(code: str, file: Path) -> tuple[Locale, dict[str, Entry]]:
    try:
        text = file.read_text(encoding="utf-8")
        if problems := list(_malformed(file, text)):
            raise ContentError(problems)
        catalog = read_po(StringIO(text), locale=code, abort_invalid=True)
        locale = Locale.parse(catalog.locale_identifier or code)
    except UnicodeDecodeError as error:
        raise ContentError([Problem(str(file), 0, 0, "the file is not UTF-8; save it as UTF-8")]) from error
    except PoFileError as error:
        raise ContentError([Problem(str(file), error.lineno + 1, 1, f"this is no PO: {error}")]) from error
    except (UnknownLocaleError, ValueError) as error:
        raise ContentError([Problem(str(file), 1, 1, f"the header `Language` names no language: {error}")]) from error
    return locale, dict(_entries(catalog, file))


def _malformed(file: Path, text: str) -> Iterator[Problem]:
    """Lines that Babel would read leniently: what is lost in them would be missed only by the reader."""
    seen = set()
    for number, line in enumerate(text.splitlines(), start=1):
        if not _LINE.fullmatch(line):
            yield Problem(str(file), number, 1, "this line is no PO; check its quotes")
        if key := _KEY.fullmatch(line):
            if key[1] in seen:
                yield Problem(str(file), number, 1, f"{key[1]!r} stands here twice; keep one")
            seen.add(key[1])


def _entries(catalog: Catalog, file: Path) -> Iterable[tuple[str, Entry]]:
    for message in catalog:
        plural = not isinstance(message.id, str)
        key = message.id[0] if plural else message.id
        strings = (message.string,) if isinstance(message.string, str) else message.string
        forms = tuple(Template.read(string) for string in strings if string)
        if key and forms:
            yield str(key), Entry(forms, plural, message.lineno or 0, file)
