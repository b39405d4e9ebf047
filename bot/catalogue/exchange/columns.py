"""The columns of a table of questions: one row is one question, one language a suffix.

| column | what it is |
|---|---|
| `quiz`, `area`, `audience`, `level`, `title`, `about` | the quiz; the same in every row, or in one of them |
| `id`, `kind`, `text`, `explanation`, `review_on`, `tip`, `pair` | as in the content file |
| `exhibit_kind`, `exhibit_sender`, `exhibit_text` | the message to judge |
| `option1` … `option6`, `feedback1` … `feedback6` | the answers; a true-false question has feedback alone |
| `right` | numbers of the right answers: `1`, `1;3`; empty for steps in their right order |
| `source_title`, `source_url`, `source_publisher`, `press` | the source; `press` is `yes` or empty |

Texts are plain or Markdown as in the content file. With one language its code stands in the column `language`; with
several, each text has a column for each: `text_pl`, `text_uk`, `text_en`.
"""

import re
from collections.abc import Iterator, Sequence

from bot.catalogue.schema import MOST_OPTIONS

NUMBERS = range(1, MOST_OPTIONS + 1)
OPTIONS = tuple(f"option{number}" for number in NUMBERS)
FEEDBACK = tuple(f"feedback{number}" for number in NUMBERS)
TEXTS = frozenset({"title", "about", "text", "exhibit_sender", "exhibit_text", "explanation", *OPTIONS, *FEEDBACK})
"""Columns that are translated."""
ORDER = (
    *("quiz", "area", "audience", "level", "title", "about"),
    *("id", "kind", "text", "exhibit_kind", "exhibit_sender", "exhibit_text", "pair"),
    *(name for pair in zip(OPTIONS, FEEDBACK, strict=True) for name in pair),
    *("right", "explanation", "source_title", "source_url", "source_publisher", "press", "review_on", "tip"),
)
LANGUAGE = "language"
NEEDED = ("text", "option1", "option2", "right")
"""Without these a table has no questions."""

_FORMULA = re.compile(r"\A(?:[\t\r\n]|\s*[=+\-@'＝＋－＠])")
_GUARDED = re.compile(r"\A'(?=[\t\r\n]|\s*[=+\-@'＝＋－＠])")
_TRANSLATED = re.compile(r"(.+)_([a-z]{2,3})")


def header(languages: Sequence[str]) -> Iterator[str]:
    """The first row."""
    if len(languages) == 1:
        yield LANGUAGE
    for name in ORDER:
        yield from (f"{name}_{code}" for code in languages) if name in TEXTS and len(languages) > 1 else (name,)


def meaning(column: str) -> tuple[str, str]:
    """What a column holds and its language, if it names one."""
    found = _TRANSLATED.fullmatch(column)
    return (found[1], found[2]) if found and found[1] in TEXTS else (column, "")


def guard(cell: str) -> str:
    """A cell that a spreadsheet will not compute: an apostrophe goes before what would begin a formula.

    What to guard against: https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """The cell as it was before `guard`."""
    return cell[1:] if _GUARDED.match(cell) else cell
