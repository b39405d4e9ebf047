"""GIFT, read as Moodle reads it (`question/format/gift/format.php` in its source): ours, or anybody's."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.catalogue.exchange import tags
from bot.catalogue.exchange.draft import Draft, Heading
from bot.catalogue.exchange.files import Foreign
from bot.catalogue.exchange.gift import ESCAPED
from bot.catalogue.exchange.hypertext import SPACE
from bot.catalogue.exchange.matches import Match, in_order
from bot.catalogue.exchange.moodle import WHOLE, Answer, MoodleQuestion, Rich
from bot.catalogue.exchange.understand import draft

_HIDDEN = {char: chr(place) for place, char in enumerate(ESCAPED, start=1)} | {"n": chr(len(ESCAPED) + 1)}
"""Escaped characters while the signs are looked for; a file holds no control characters (`files.Foreign`)."""
_SHOWN = str.maketrans({hidden: "\n" if char == "n" else char for char, hidden in _HIDDEN.items()})
_ESCAPE = re.compile(r"\\([\\~=#{}:n])")
_FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]")
_FORMATS = {"html": "html", "moodle": "moodle_auto_format", "plain": "plain_text", "markdown": "markdown"}
_WEIGHT = re.compile(r"%(-?\d{1,3}(?:\.\d{0,10})?)%")
_ID = re.compile(r"\[id:((?:\\\]|[^\]\n])+)\]")
_TAG = re.compile(r"\[tag:((?:\\\]|[^\]\n])+)\]")
_TITLE = re.compile(r"//\s*(title|about) ([a-z]{2,3}): (.*)")
TRUTHS = frozenset({"T", "TRUE", "F", "FALSE"})
_ORDERING = re.compile(r">\s*\d*[\sA-Z_0-9]*?\n")


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines between empty lines: a question, or a category."""

    line: int
    comments: str
    text: str


def read(file: Foreign, default: str) -> Draft:
    """A file as a draft, in the language `default` where the file names none. Raises ContentError."""
    blocks = list(_blocks(file.text))
    questions = [_question(file, block) for block in blocks if block.text and not block.text.startswith("$CATEGORY:")]
    categories = [block.text.removeprefix("$CATEGORY:") for block in blocks if block.text.startswith("$CATEGORY:")]
    found = tags.marks(tag for question in questions[:1] for tag in question.tags)
    return draft(file, questions, _heading(blocks, categories, tags.heading(found), default), default)


def _blocks(text: str) -> Iterator[_Block]:
    lines: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip(SPACE):
            lines.append(line.strip(SPACE))
        elif lines:
            yield _block(number - len(lines), lines)
            lines = []


def _block(start: int, lines: Sequence[str]) -> _Block:
    """Moodle takes `$CATEGORY` as a line of its own; so do we, whatever stands around it."""
    comments = [line for line in lines if line.startswith("//")]
    others = [(start + place, line) for place, line in enumerate(lines) if not line.startswith("//")]
    return _Block(others[0][0] if others else start, "\n".join(comments), "\n".join(line for _, line in others))


def _heading(blocks: Sequence[_Block], categories: Sequence[str], known: Heading, default: str) -> Heading:
    said: dict[str, dict[str, str]] = {"title": {}, "about": {}}
    for block in blocks:
        for name, language, text in _TITLE.findall(block.comments):
            said[name].setdefault(language, re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text))
    if not said["title"] and categories:
        said["title"] = titled(categories[0], default)
    return replace(known, title=said["title"] or None, about=said["about"] or None)


def titled(path: str, language: str) -> dict[str, str]:
    """The last part of a category's path, as a title; nothing for the top."""
    name = re.split(r"(?<!/)/(?!/)", path.strip())[-1].replace("//", "/").strip()
    return {language: name} if name and name != "top" and not name.startswith("$") else {}


def _question(file: Foreign, block: _Block) -> MoodleQuestion:
    text = _ESCAPE.sub(lambda found: _HIDDEN[found[1]], block.text)
    name, text = _named(text)
    before, answers, after = _cut(file, block, text)
    asked = _rich(f"{before}_____{after}" if after.strip(SPACE) else before, "moodle_auto_format")
    answers, _, general = answers.rpartition("####") if "####" in answers else (answers, "", "")
    question = MoodleQuestion(
        type="description",
        text=asked,
        name=_shown(name),
        id=next((_unbracketed(found) for found in _ID.findall(block.comments)), ""),
        tags=tuple(_unbracketed(found) for found in _TAG.findall(block.comments)),
        general=_rich(general, asked.format),
        line=block.line,
    )
    return _answered(question, answers.strip()) if "{" in text else question


def _named(text: str) -> tuple[str, str]:
    if text.startswith("::") and "::" in text[2:]:
        name, _, rest = text[2:].partition("::")
        return name, rest.strip()
    return "", text


def _cut(file: Foreign, block: _Block, text: str) -> tuple[str, str, str]:
    """Before the braces, between them, after them."""
    opens, closes = text.find("{"), text.find("}")
    if opens == closes == -1:
        return text, "", ""
    if opens == -1 or closes < opens or "{" in text[opens + 1 : closes]:
        missing = "`}`" if closes == -1 or opens != -1 else "`{`"
        hint = "an empty line ends a question; a brace of the text is written `\\{`"
        raise file.error(block.line, f"the answers of this question lack their {missing}; {hint}")
    return text[:opens], text[opens + 1 : closes], text[closes + 1 :]


def _answered(question: MoodleQuestion, answers: str) -> MoodleQuestion:
    sort = _type(answers)
    read_answers = _ANSWERS.get(sort)
    return read_answers(question, answers) if read_answers else replace(question, type=sort)


def _type(answers: str) -> str:
    """Which type a question is by its answers, as Moodle decides it."""
    signs = (
        ("essay", not answers),
        ("numerical", answers.startswith("#")),
        ("ordering", answers.startswith(">")),
        ("multichoice", "~" in answers),
        ("matching", "=" in answers and "->" in answers),
        ("truefalse", answers.partition("#")[0].strip() in TRUTHS),
    )
    return next((sort for sort, holds in signs if holds), "shortanswer")


def _choices(question: MoodleQuestion, answers: str) -> MoodleQuestion:
    pieces = answers.replace("=", "~=").split("~")
    choices = [piece.strip(SPACE) for piece in pieces if piece.strip(SPACE)]
    made = tuple(_choice(choice, question.text.format) for choice in choices)
    return replace(question, type="multichoice", single="=" in answers, answers=made)


def _choice(text: str, default: str) -> Answer:
    weight = _WEIGHT.match(text)
    share = WHOLE if text.startswith("=") else float(weight[1]) if weight else 0.0
    answer, _, feedback = text.removeprefix("=")[weight.end() if weight else 0 :].partition("#")
    return Answer(_rich(answer, default), share, _rich(feedback, default))


def _true_or_false(question: MoodleQuestion, answers: str) -> MoodleQuestion:
    true = answers.startswith("T")
    _, wrong, right = (*(_rich(piece, question.text.format) for piece in answers.split("#", 2)), Rich(), Rich())[:3]
    shares: Mapping[bool, tuple[float, Rich]] = {true: (WHOLE, right), not true: (0.0, wrong)}
    made = tuple(Answer(Rich(str(side).lower()), *shares[side]) for side in (True, False))
    return replace(question, type="truefalse", answers=made)


def _matches(question: MoodleQuestion, answers: str) -> MoodleQuestion:
    pairs = (piece.partition("->") for piece in answers.split("=") if piece.strip())
    return in_order(question, [Match(_rich(left, question.text.format), _shown(right)) for left, _, right in pairs])


def _steps(question: MoodleQuestion, answers: str) -> MoodleQuestion:
    """Moodle's own ordering question: options of its look on the first line, then a step on each line."""
    options = _ORDERING.match(answers + "\n")
    lines = answers[options.end() :].split("\n") if options else []
    steps = (line.strip(SPACE) for line in lines)
    made = tuple(Answer(_rich(step, question.text.format)) for step in steps if step)
    return replace(question, type="ordering", answers=made)


def _rich(text: str, default: str) -> Rich:
    text = text.strip(SPACE)
    named = _FORMAT.match(text)
    return Rich(_shown(text[named.end() :] if named else text), _FORMATS[named[1]] if named else default)


def _shown(text: str) -> str:
    return text.translate(_SHOWN).strip(SPACE)


def _unbracketed(text: str) -> str:
    return text.replace("\\]", "]").strip()


_ANSWERS: Mapping[str, Callable[[MoodleQuestion, str], MoodleQuestion]] = {
    "ordering": _steps,
    "multichoice": _choices,
    "matching": _matches,
    "truefalse": _true_or_false,
}
