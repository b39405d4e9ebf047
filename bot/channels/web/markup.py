"""Our Markdown (bold, emphasis, lists, links, line breaks) as HTML, and nothing else as HTML."""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

from bot.catalogue.markup import RULES

_EMERGENCY = re.compile(r"112|9[89]\d|116 ?\d{3}|800 ?\d{3} ?\d{3}")
"""Numbers that, standing alone and bold, are there to be dialled."""
_OUT = re.compile(r"(https?|tel|mailto):", re.IGNORECASE)


def to_html(markdown: str) -> Markup:
    """Render Markdown; HTML in it is shown as written, and links lead to the web, a phone or a mailbox only."""
    return Markup(_PARSER.render(markdown))  # noqa: S704 - the parser escapes all text and lets no HTML through


def is_safe(url: str) -> bool:
    """Whether a link may lead there."""
    return _OUT.match(url.strip()) is not None


def _dialable(state: StateCore) -> None:
    """Make bold emergency numbers links, so that a tap dials them."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = _with_calls(block.children)


def _with_calls(tokens: Sequence[Token]) -> list[Token]:
    result: list[Token] = []
    linked = 0
    for index, token in enumerate(tokens):
        linked += (token.type == "link_open") - (token.type == "link_close")
        alone = not linked and token.type == "text" and _is_bold(tokens, index)
        if alone and _EMERGENCY.fullmatch(token.content):
            href = "tel:" + token.content.replace(" ", "")
            result += [Token("link_open", "a", 1, attrs={"href": href}), token, Token("link_close", "a", -1)]
        else:
            result.append(token)
    return result


def _is_bold(tokens: Sequence[Token], index: int) -> bool:
    around = [token.type for token in tokens[max(index - 1, 0) : index + 2]]
    return around == ["strong_open", "text", "strong_close"]


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return is_safe(url)


def _make_parser() -> MarkdownIt:
    parser = _Parser("zero", {"html": False, "breaks": True})
    parser.enable(list(RULES))
    parser.core.ruler.push("dialable", _dialable)
    return parser


_PARSER = _make_parser()
