"""HTML as other programs keep texts: written from our plain texts and Markdown, and read into a small tree.

The reader is forgiving and takes time in proportion to the length, whatever it is given.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape, unescape

from bot.catalogue.markup import parser

DEEPEST = 40
"""Levels of elements; what is nested more deeply is read as if it stood at this level."""
VOID = frozenset({"br", "img", "hr", "input", "source", "wbr", "col"})
BLOCKS = frozenset(
    {"p", "div", "blockquote", "pre", "section", "article", "header", "footer", "address", "figure", "hr"}
    | {"table", "tbody", "thead", "tr", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"}
)
UNSEEN = frozenset({"script", "style", "template", "head", "title"})
SPACE = " \t\n\r\f"
"""What HTML shows as one space. A no-break space is not among them, and stays."""

_SPACES = re.compile(f"[{SPACE}]+")
_TAG = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9]*+)((?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>""")
_ATTRIBUTE = re.compile(r"""(?<![\w-])([a-zA-Z-]++)\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++)""")
_STRUCTURAL = re.compile(r"(?<=>)\n")


@dataclass(frozen=True, slots=True)
class Element:
    """One element and what it holds."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[Element | str]" = field(default_factory=list)

    def is_called(self, name: str) -> bool:
        """Whether `name` is one of its classes."""
        return name in self.attributes.get("class", "").split()


Node = Element | str


def of_plain(text: str) -> str:
    """Plain text as inline HTML."""
    return escape(text).replace("\n", "<br>")


def of_markdown(markdown: str) -> str:
    """Our Markdown as HTML blocks on one line."""
    rendered = _STRUCTURAL.sub("", str(parser().render(markdown)))
    return rendered.replace("\n", " ")


def parse(html: str) -> list[Node]:
    """The nodes of a piece of HTML; tags that do not pair up are left out."""
    root = Element("")
    stack = [root]
    text = _without_comments(html)
    end = 0
    for tag in _TAG.finditer(text):
        _add_text(stack[-1], text[end : tag.start()])
        _turn(stack, bool(tag[1]), tag[2].lower(), tag[3])
        end = tag.end()
    _add_text(stack[-1], text[end:])
    return root.children


def _without_comments(html: str) -> str:
    kept, rest = [], html
    while "<!--" in rest:
        before, _, rest = rest.partition("<!--")
        kept.append(before)
        rest = rest.partition("-->")[2] if "-->" in rest else ""
    return "".join((*kept, rest))


def _add_text(element: Element, text: str) -> None:
    if text:
        element.children.append(unescape(text))


def _turn(stack: list[Element], closes: bool, name: str, attributes: str) -> None:
    if closes:
        _close(stack, name)
        return
    if name == stack[-1].name and name in ("p", "li", "tr", "td"):  # `<p>one<p>two`: the end may be left out
        stack.pop()
    element = Element(
        name, {key.lower(): unescape(value.strip("\"'")) for key, value in _ATTRIBUTE.findall(attributes)}
    )
    stack[-1].children.append(element)
    if name not in VOID and not attributes.endswith("/") and len(stack) < DEEPEST:
        stack.append(element)


def _close(stack: list[Element], name: str) -> None:
    for depth in range(len(stack) - 1, 0, -1):
        if stack[depth].name == name:
            del stack[depth:]
            return


def walk(nodes: Sequence[Node]) -> Iterator[Element]:
    """Every element, in order."""
    for node in nodes:
        if isinstance(node, Element):
            yield node
            yield from walk(node.children)


def without(nodes: Sequence[Node], gone: Sequence[Element]) -> list[Node]:
    """The nodes but for some elements at their top."""
    return [node for node in nodes if not any(node is element for element in gone)]


def called(nodes: Sequence[Node], name: str) -> Element | None:
    """The first element with a class, at the top or within."""
    return next((element for element in walk(nodes) if element.is_called(name)), None)


def plain(nodes: Sequence[Node]) -> str:
    """The words alone; lines where HTML breaks them, and no spaces that HTML does not show."""
    lines = "".join(_pieces(nodes)).split("\n")
    return "\n".join(_SPACES.sub(" ", line).strip(" ") for line in lines).strip("\n")


def _pieces(nodes: Sequence[Node]) -> Iterator[str]:
    for place, node in enumerate(nodes):
        match node:
            case str():
                yield _SPACES.sub(" ", node)
            case Element(name="br"):
                yield "\n"
            case Element(name=name) if name in UNSEEN:
                pass
            case Element(name=name):
                yield "\n" if name in BLOCKS and place > 0 else ""
                yield from _pieces(node.children)


def squeezed(text: str) -> str:
    """A plain text as HTML gives it back: spaces in a row are one, and none stand at the ends of lines."""
    return plain(parse(of_plain(text)))
