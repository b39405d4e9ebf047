"""Several languages in one text: Moodle's multi-language filter, `<span lang="pl" class="multilang">…</span>`.

The filter joins spans that follow one another and shows the reader's own; everything outside of spans is for all.
https://docs.moodle.org/en/Multi-language_content_filter
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from bot.catalogue.exchange.hypertext import Element, Node, of_markdown, of_plain, walk
from bot.catalogue.problems import ContentError, Problem
from bot.catalogue.schema import Quiz
from bot.catalogue.words import Words
from bot.domain.messages import Block

MULTILANG = "multilang"
TRANSLATED = frozenset({"title", "about", "text", "sender", "feedback", "explanation"})
"""Fields of a quiz that hold a text for each language."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The languages that a file is written in, and the words of the interface in them."""

    languages: tuple[str, ...]
    words: Words

    @property
    def only(self) -> str | None:
        """The language, if there is one alone."""
        return self.languages[0] if len(self.languages) == 1 else None

    def plain(self, texts: Mapping[str, str]) -> str:
        """A plain text as inline HTML."""
        return self._inline({language: of_plain(text) for language, text in self._chosen(texts).items()})

    def line(self, texts: Mapping[str, str]) -> str:
        """A plain text as a paragraph."""
        return f"<p>{self.plain(texts)}</p>"

    def markdown(self, texts: Mapping[str, str]) -> str:
        """A Markdown text as HTML blocks."""
        blocks = {language: of_markdown(text) for language, text in self._chosen(texts).items()}
        if self.only:
            return "".join(blocks.values())
        if any("<ul>" in html or "<ol" in html for html in blocks.values()):
            return self._inline(blocks)
        lines = {code: html.removeprefix("<p>").removesuffix("</p>") for code, html in blocks.items()}
        return f"<p>{self._inline({code: html.replace('</p><p>', '<br><br>') for code, html in lines.items()})}</p>"

    def say(self, block: Block) -> str:
        """Words of the interface as inline HTML."""
        return self.plain({language: self.words.label(block, language) for language in self.languages})

    def say_with(self, make: Callable[[str], str]) -> str:
        """What `make` says in each language, as inline HTML."""
        return self._inline({language: make(language) for language in self.languages})

    def _chosen(self, texts: Mapping[str, str]) -> dict[str, str]:
        return {language: texts[language] for language in self.languages if language in texts}

    def _inline(self, pieces: Mapping[str, str]) -> str:
        if self.only:
            return "".join(pieces.values())
        return "".join(
            f'<span lang="{escape(code)}" class="{MULTILANG}">{html}</span>' for code, html in pieces.items()
        )


def split(nodes: Sequence[Node], default: str) -> dict[str, list[Node]]:
    """What a reader of each language sees; where no language is marked, all of it is in `default`."""
    codes = {_language(element): None for element in walk(nodes) if element.is_called(MULTILANG)}
    return {code: _seen(nodes, code) for code in codes} or {default: list(nodes)}


def _language(element: Element) -> str:
    return element.attributes.get("lang", "").lower()


def _seen(nodes: Sequence[Node], code: str) -> list[Node]:
    seen: list[Node] = []
    for node in nodes:
        if isinstance(node, str):
            seen.append(node)
        elif not node.is_called(MULTILANG):
            seen.append(replace(node, children=_seen(node.children, code)))
        elif _language(node) == code:
            seen += _seen(node.children, code)
    return seen


def only(quiz: Quiz, languages: Sequence[str]) -> Quiz:
    """A quiz in these languages alone. Raises ContentError if a text is in none of them."""
    return Quiz.model_validate(_only(quiz.model_dump(mode="json", exclude_defaults=True), languages, quiz.id))


def _only(value: Any, languages: Sequence[str], where: str) -> Any:
    if isinstance(value, list):
        return [_only(item, languages, where) for item in value]
    if not isinstance(value, dict):
        return value
    inner = value.get("id", where)
    return {
        name: _translated(item, languages, f"{inner}: `{name}`")
        if name in TRANSLATED and isinstance(item, dict)
        else _only(item, languages, inner)
        for name, item in value.items()
    }


def _translated(texts: Mapping[str, str], languages: Sequence[str], where: str) -> dict[str, str]:
    chosen = {language: texts[language] for language in languages if language in texts}
    if not chosen:
        message = f"this has no text in {' or '.join(languages)}; translate it, or export another language"
        raise ContentError([Problem(where, 0, 0, message)])
    return chosen
