"""From our Markdown to what Matrix shows: HTML of the tags its specification lists, and plain text beside it.

Client-Server API, `m.room.message` msgtypes: the tags of a `formatted_body`, and the schemes of its links.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from typing import assert_never

from markdown_it.token import Token

from bot.catalogue import markup
from bot.catalogue.words import Words
from bot.dialogue.commands import COMMANDS
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.messages import Block, Markdown, Param, Phrase, Plain, is_everybodys

LINKED = ("https://", "http://", "mailto:")
"""Clients drop links to anything else."""
TEXTS_KEPT = 4096

_COMMAND = re.compile(r"(?<![^\s(„«\"*_–—])(?<!\]\()/((?:\w|\\_)+)(?![/\w]|\.\w)")
"""A word after a slash that stands alone: no part of an address, nor where a link leads."""
_LISTS = ("bullet_list", "ordered_list")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph or a whole list, in both forms: a text can be cut after any."""

    html: str
    text: str


def read(block: Block, language: str, words: Words) -> Sequence[Paragraph]:
    """A block's paragraphs. What says the same to everybody is read once; what is somebody's own is not kept."""
    markdown = words.markdown(_as_typed(block), language)
    return _known(markdown) if is_everybodys(block) else _paragraphs(markdown)


def label(block: Block, language: str, words: Words) -> str:
    """A block on one line, without markup."""
    if isinstance(block, Plain):
        return " ".join(words.label(block, language).split())
    return markup.plain(_with_commands(words.markdown(_as_typed(block), language)))


def link(label: str, url: str) -> Paragraph:
    """A way out, on a line of its own; where clients would drop it, its address can be read."""
    shown = f"{label}: {url}"
    if url.startswith(LINKED):
        return Paragraph(f'<a href="{escape(url)}">{escape(label)}</a>', shown)
    return Paragraph(escape(shown), shown)


# --- commands: clients take a slash for their own


def _with_commands(markdown: str) -> str:
    """`/quiz` as `!quiz`."""
    return _COMMAND.sub(_command, markdown) if "/" in markdown else markdown


def _command(found: re.Match[str]) -> str:
    name = found[1].replace("\\", "").strip("_").lower()
    return f"!{found[1]}" if name in COMMANDS else found[0]


def _as_typed(block: Block) -> Block:
    """The same, with the slashes of what is shown as written escaped: they are nobody's commands of ours."""
    match block:
        case Plain(texts):
            return _escaped(texts)
        case Phrase(params=params) if params:
            return replace(block, params={name: _param(value) for name, value in params.items()})
        case Phrase() | Markdown():
            return block
        case _:
            assert_never(block)


def _param(value: Param) -> Param:
    match value:
        case str(text):
            return _escaped({DEFAULT_LANGUAGE: text}) if "/" in text else text
        case Phrase() | Plain() | Markdown():
            return _as_typed(value)
        case _:
            return value


def _escaped(texts: Mapping[str, str]) -> Markdown:
    return Markdown({language: markup.escape(text).replace("/", "\\/") for language, text in texts.items()})


# --- paragraphs


def _paragraphs(markdown: str) -> tuple[Paragraph, ...]:
    tokens = markup.parser().parse(_with_commands(markdown))
    return tuple(Paragraph("".join(_html(part)), _plain(part)) for part in _outermost(tokens))


_known = lru_cache(maxsize=TEXTS_KEPT)(_paragraphs)


def _outermost(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = depth = 0
    for place, token in enumerate(tokens, start=1):
        depth += token.nesting
        if not depth:
            yield tokens[start:place]
            start = place


def _html(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield from _inline_html(token.children or ())
        elif not token.hidden:
            yield _tag(token)


def _tag(token: Token) -> str:
    start = token.attrGet("start")
    if token.nesting < 0:
        return f"</{token.tag}>"
    return f"<{token.tag}>" if start is None else f'<{token.tag} start="{start}">'


def _inline_html(tokens: Sequence[Token]) -> Iterator[str]:
    closings: list[str] = []
    for token in tokens:
        match token.type:
            case "link_open":
                url = str(token.attrGet("href") or "")
                linked = url.startswith(LINKED)
                closings.append("</a>" if linked else _beside(url))
                yield f'<a href="{escape(url)}">' if linked else ""
            case "link_close":
                yield closings.pop()
            case "softbreak" | "hardbreak":
                yield "<br>"
            case _:
                yield _tag(token) if token.nesting else escape(token.content, quote=False)


def _beside(url: str) -> str:
    """What a link that clients would drop led to: a number to dial, most of all."""
    return f" ({escape(url.removeprefix('tel:'), quote=False)})"


def _plain(tokens: Sequence[Token]) -> str:
    """The same in letters alone: lists with dashes or numbers, links spelled out."""
    lines: list[str] = []
    counts: list[int | None] = []
    marker = ""
    for token in tokens:
        kind, _, end = token.type.rpartition("_")
        if kind in _LISTS and end == "open":
            counts.append(int(token.attrGet("start") or 1) if kind == "ordered_list" else None)
        elif kind in _LISTS:
            counts.pop()
        elif token.type == "list_item_open":
            marker = _marker(counts)
        elif token.type == "inline":
            lines.append(marker + _inline_plain(token.children or ()))
            marker = ""
    return "\n".join(lines)


def _marker(counts: list[int | None]) -> str:
    number = counts[-1]
    counts[-1] = None if number is None else number + 1
    return "  " * (len(counts) - 1) + ("- " if number is None else f"{number}. ")


def _inline_plain(tokens: Sequence[Token]) -> str:
    text, url, start = "", "", 0
    for token in tokens:
        if token.type == "link_open":
            url, start = str(token.attrGet("href") or ""), len(text)
        elif token.type == "link_close":
            text += "" if text[start:] in url else f" <{url}>"
        else:
            text += "\n" if token.type.endswith("break") else token.content
    return text
