"""Our Markdown (bold, emphasis, lists, links, line breaks) as HTML, and nothing else as HTML."""

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

from bot.catalogue.markup import RULES

_NUMBER = re.compile(r"112|9[89]\d|116 ?\d{3}|\d(?: ?\d){8}")
"""What is there to be dialled when it stands alone and bold: emergency numbers, helplines, nine digits."""
_EMERGENCY = re.compile(r"(?<![\d,.])(?<!\d )(?:112|99[789])(?![,.]?\d)(?! \d{3})")
"""What is there to be dialled anywhere in a bold sentence."""
_LEADS = re.compile(r"(https?|tel|mailto):|/(?![/\\])", re.IGNORECASE)
"""Out to the web, a phone or a mailbox, or to a page of our own."""


def to_html(markdown: str) -> Markup:
    """Render Markdown; HTML in it is shown as written, and links lead only where `is_safe` lets them."""
    return Markup(_PARSER.render(markdown))  # noqa: S704 - the parser escapes all text and lets no HTML through


def is_safe(url: str) -> bool:
    """Whether a link may lead there."""
    return _LEADS.match(url.strip()) is not None


def _dialable(state: StateCore) -> None:
    """Make bold numbers links, so that a tap dials them."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = _with_calls(block.children)


def _with_calls(tokens: Sequence[Token]) -> list[Token]:
    result: list[Token] = []
    bold = linked = 0
    for token in tokens:
        bold += token.nesting if token.tag == "strong" else 0
        linked += token.nesting if token.tag == "a" else 0
        if token.type == "text" and bold and not linked:
            result += _cut_at_numbers(token.content)
        else:
            result.append(token)
    return result


def _cut_at_numbers(text: str) -> Iterator[Token]:
    numbers = _NUMBER if _NUMBER.fullmatch(text) else _EMERGENCY
    end = 0
    for found in numbers.finditer(text):
        yield _text(text[end : found.start()])
        yield Token("link_open", "a", 1, attrs={"href": "tel:" + found[0].replace(" ", "")})
        yield _text(found[0])
        yield Token("link_close", "a", -1)
        end = found.end()
    yield _text(text[end:])


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return is_safe(url)


def _make_parser() -> MarkdownIt:
    parser = _Parser("zero", {"html": False, "breaks": True})
    parser.enable(list(RULES))
    parser.core.ruler.push("dialable", _dialable)
    return parser


_PARSER = _make_parser()
