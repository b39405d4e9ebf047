"""Moodle XML, read: ours, or what a real Moodle exports. Documents that define entities or reach out are refused."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import TYPE_CHECKING

from bot.catalogue.exchange import hypertext, passages, tags
from bot.catalogue.exchange.draft import Draft, Heading
from bot.catalogue.exchange.files import Foreign
from bot.catalogue.exchange.gift_reader import titled
from bot.catalogue.exchange.matches import Match, in_order
from bot.catalogue.exchange.moodle import Answer, MoodleQuestion, Rich
from bot.catalogue.exchange.moodle_xml import ABOUT, TITLE
from bot.catalogue.exchange.understand import draft

if TYPE_CHECKING:
    from xml.sax.xmlreader import AttributesImpl, Locator

DEEPEST = 12
"""Levels of elements; the deepest text of a question, a feedback's, stands on the fifth."""
ROOT = "quiz"
_DECLARATION = re.compile(r"\A(\s*<\?xml[^>]*?)\s+encoding\s*=\s*(\"[^\"]*\"|'[^']*')")


@dataclass(slots=True)
class Tag:
    """An element, and the line where it begins."""

    name: str
    attributes: Mapping[str, str]
    line: int
    text: list[str] = field(default_factory=list)
    children: "list[Tag]" = field(default_factory=list)

    def all(self, name: str) -> "list[Tag]":
        """Its children of a name."""
        return [child for child in self.children if child.name == name]

    def said(self, *path: str) -> str:
        """The text at the end of a path; nothing if there is none."""
        node: Tag | None = self
        for name in path:
            node = next(iter(node.all(name)), None) if node else None
        return "".join(node.text).strip(hypertext.SPACE) if node else ""

    def rich(self, name: str) -> Rich:
        """A child's text with its format."""
        child = next(iter(self.all(name)), None)
        return child.own() if child else Rich()

    def own(self) -> Rich:
        """Its own text with its format."""
        return Rich(self.said("text"), self.attributes.get("format", "html"))


def read(file: Foreign, default: str) -> Draft:
    """A file as a draft, in the language `default` where the file names none. Raises ContentError."""
    root = parse(file)
    if root.name != ROOT:
        raise file.error(root.line, f"this XML begins with <{root.name}>; Moodle's begins with <{ROOT}>")
    kinds = {True: [], False: []}  # type: dict[bool, list[Tag]]
    for tag in root.all("question"):
        kinds[tag.attributes.get("type") == "category"].append(tag)
    questions = [_question(tag) for tag in kinds[False]]
    marks = tags.marks(tag for question in questions[:1] for tag in question.tags)
    language = tags.one(marks, "lang") or default
    return draft(file, questions, _heading(kinds[True], tags.heading(marks), language), default)


def _heading(categories: Sequence[Tag], known: Heading, language: str) -> Heading:
    if not categories:
        return known
    first = categories[0]
    nodes = first.rich("info").nodes()
    title, about = hypertext.called(nodes, TITLE), hypertext.called(nodes, ABOUT)
    titles = passages.plain_texts([title], language) if title else titled(first.said("category", "text"), language)
    told = passages.plain_texts([about] if about else nodes, language)
    return replace(known, id=known.id or first.said("idnumber") or None, title=titles or None, about=told or None)


def _question(tag: Tag) -> MoodleQuestion:
    question = MoodleQuestion(
        type=tag.attributes.get("type", ""),
        text=tag.rich("questiontext"),
        answers=tuple(_answers(tag)),
        single=tag.said("single") in ("", "true", "1"),
        name=tag.said("name", "text"),
        id=tag.said("idnumber"),
        tags=tuple(each.said("text") for parent in tag.all("tags") for each in parent.all("tag")),
        general=tag.rich("generalfeedback"),
        pictures=_has_file(tag),
        line=tag.line,
    )
    if question.type in ("matching", "match"):
        pairs = [Match(pair.own(), pair.said("answer", "text")) for pair in tag.all("subquestion")]
        return in_order(question, pairs)
    return question


def _answers(tag: Tag) -> Iterator[Answer]:
    found = [Answer(answer.own(), _share(answer), answer.rich("feedback")) for answer in tag.all("answer")]
    if tag.attributes.get("type") == "truefalse":  # Moodle writes true first, other programs may not
        found.sort(key=lambda answer: answer.text.text.lower() != "true")
    elif tag.attributes.get("type") == "ordering":
        found.sort(key=lambda answer: answer.fraction)
    yield from found


def _share(answer: Tag) -> float:
    try:
        return float(answer.attributes.get("fraction", "0"))
    except ValueError:
        return 0.0


def _has_file(tag: Tag) -> bool:
    return any(child.name in ("file", "image_base64") or _has_file(child) for child in tag.children)


def parse(file: Foreign) -> Tag:
    """The elements of an XML file. Raises ContentError for what is malformed, too deep, or defines entities."""
    from xml.sax import SAXParseException  # noqa: PLC0415 - only the reading of XML needs it
    from xml.sax.handler import ContentHandler  # noqa: PLC0415

    from defusedxml import DefusedXmlException  # noqa: PLC0415
    from defusedxml.sax import make_parser  # noqa: PLC0415

    builder = _Builder(file)

    class Handler(ContentHandler):
        """Passes on what expat finds."""

        def setDocumentLocator(self, locator: "Locator") -> None:  # noqa: N802 - the name is SAX's
            builder.locator = locator

        def startElement(self, name: str, attrs: "AttributesImpl") -> None:  # noqa: N802
            builder.start(name, dict(attrs))

        def endElement(self, name: str) -> None:  # noqa: ARG002, N802
            builder.end()

        def characters(self, content: str) -> None:
            builder.text(content)

    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(Handler())
    try:
        parser.parse(StringIO(_DECLARATION.sub(r"\1", file.text.lstrip("\ufeff"))))
    except SAXParseException as error:
        raise file.error(
            error.getLineNumber() or 1, f"this is no XML: {error.getMessage()}; export the file again"
        ) from error
    except DefusedXmlException as error:
        message = "the file has a DTD or entities of its own, which can hide things; remove the <!DOCTYPE …>"
        raise file.error(builder.line, message) from error
    if builder.root is None:
        raise file.error(1, "this is no XML: nothing is in it")
    return builder.root


class _Builder:
    """Stacks elements up; the depth is limited, so that whoever walks the tree cannot fall."""

    def __init__(self, file: Foreign) -> None:
        self.locator: Locator | None = None
        self.root: Tag | None = None
        self._file = file
        self._open: list[Tag] = []

    @property
    def line(self) -> int:
        return (self.locator.getLineNumber() or 1) if self.locator else 1

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if len(self._open) >= DEEPEST:
            raise self._file.error(self.line, f"elements stand {DEEPEST} deep in one another; Moodle's never do")
        tag = Tag(name, attributes, self.line)
        if self._open:
            self._open[-1].children.append(tag)
        self.root = self.root or tag
        self._open.append(tag)

    def end(self) -> None:
        self._open.pop()

    def text(self, content: str) -> None:
        self._open[-1].text.append(content)
