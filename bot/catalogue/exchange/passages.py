"""How a question's texts stand in Moodle's two large fields, the question text and the general feedback; both ways.

The question text holds the question and the exhibit; the general feedback the explanation, the reason of each step of
an ordering question, and the source as its last line. Classes say which is which, for whoever reads them back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from bot.catalogue.exchange import hypertext, markdown
from bot.catalogue.exchange.draft import DraftSource, Texts
from bot.catalogue.exchange.hypertext import Element, Node, called, without
from bot.catalogue.exchange.languages import Voice, split
from bot.catalogue.schema import Exhibit, Question, QuestionKind, Source
from bot.domain.messages import Plain, say

EXHIBIT = "exhibit"
CAPTION = "caption"
STEPS = "steps"
SOURCE = "source"


def asked(question: Question, voice: Voice) -> str:
    """The question, and under it the message to judge."""
    html = voice.line(question.text)
    return html + _exhibit(question.exhibit, voice) if question.exhibit else html


def _exhibit(exhibit: Exhibit, voice: Voice) -> str:
    caption = voice.say_with(lambda language: _caption(exhibit, voice, language))
    text = voice.line(exhibit.text)
    return f'<blockquote class="{EXHIBIT}"><p class="{CAPTION}">{caption}</p>{text}</blockquote>'


def _caption(exhibit: Exhibit, voice: Voice, language: str) -> str:
    """The first line of how the bot shows it ("An example of a text from: POLICJA"), the sender marked."""
    said = say(f"exhibit.{exhibit.kind.value}", sender="\ue000", text=Plain({language: "\ue001"}))
    line = voice.words.markdown(said, language).partition("\n")[0]
    before, _, after = hypertext.plain(hypertext.parse(hypertext.of_markdown(line))).partition("\ue000")
    sender = hypertext.of_plain(exhibit.sender.get(language, ""))
    return f"{escape(before)}<cite>{sender}</cite>{escape(after)}"


def remarks(question: Question, voice: Voice) -> str:
    """What is said whatever was answered."""
    reasons = ""
    if question.kind is QuestionKind.ORDERING:
        items = "".join(f"<li>{voice.markdown(option.feedback)}</li>" for option in question.options)
        reasons = f'<ol class="{STEPS}">{items}</ol>'
    return voice.markdown(question.explanation) + reasons + _source(question.source, voice)


def _source(source: Source, voice: Voice) -> str:
    link = f'<a href="{escape(str(source.url))}">{hypertext.of_plain(source.title)}</a>'
    publisher = f"<cite>{hypertext.of_plain(source.publisher)}</cite>"
    return f'<p class="{SOURCE}">{voice.say(say("source.label"))}: {link}, {publisher}</p>'


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question text says."""

    text: Texts
    sender: Texts = field(default_factory=dict)
    exhibit: Texts | None = None


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a general feedback says."""

    explanation: Texts
    reasons: tuple[Texts, ...] = ()
    """Of the steps, in order."""
    source: DraftSource | None = None


def read_asked(nodes: Sequence[Node], default: str) -> Asked:
    """A question text, ours or anybody's."""
    shown = next((node for node in nodes if isinstance(node, Element) and node.is_called(EXHIBIT)), None)
    if shown is None:
        return Asked(plain_texts(nodes, default))
    caption = called(shown.children, CAPTION)
    return Asked(
        plain_texts(without(nodes, [shown]), default),
        _senders(caption, default) if caption else {},
        plain_texts(without(shown.children, [caption] if caption else []), default),
    )


def _senders(caption: Element, default: str) -> Texts:
    cited = {
        code: next((node for node in hypertext.walk(part) if node.name == "cite"), None)
        for code, part in split(caption.children, default).items()
    }
    return _said({code: hypertext.plain(node.children) for code, node in cited.items() if node})


def read_remarks(nodes: Sequence[Node], default: str, *, press: bool) -> Remarks:
    """A general feedback, ours or anybody's."""
    steps, source = called(nodes, STEPS), called(nodes, SOURCE)
    parts = [part for part in (steps, source) if part]
    items = [node for node in steps.children if isinstance(node, Element) and node.name == "li"] if steps else []
    return Remarks(
        markdown_texts(without(nodes, parts), default),
        tuple(markdown_texts(item.children, default) for item in items),
        _read_source(source, press=press) if source else None,
    )


def _read_source(element: Element, *, press: bool) -> DraftSource | None:
    link = next((node for node in hypertext.walk(element.children) if node.name == "a"), None)
    publisher = next((node for node in hypertext.walk(element.children) if node.name == "cite"), None)
    if link is None or publisher is None:
        return None
    return DraftSource(
        hypertext.plain(link.children), link.attributes.get("href", ""), hypertext.plain(publisher.children), press
    )


def plain_texts(nodes: Sequence[Node], default: str) -> Texts:
    """A plain text in each of its languages."""
    return _said({code: hypertext.plain(part) for code, part in split(nodes, default).items()})


def markdown_texts(nodes: Sequence[Node], default: str) -> Texts:
    """A Markdown text in each of its languages."""
    return _said({code: markdown.of_nodes(part) for code, part in split(nodes, default).items()})


def _said(texts: Mapping[str, str]) -> Texts:
    return {code: text for code, text in texts.items() if text.strip()}
