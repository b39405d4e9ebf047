"""Reads a `formatted_body` as strictly as a careful client would."""

from html.parser import HTMLParser

# Client-Server API, `m.room.message` msgtypes: of the tags that it lists, those that we need.
ALLOWED = {
    "p": (),
    "strong": (),
    "em": (),
    "ul": (),
    "ol": ("start",),
    "li": (),
    "a": ("href",),
    "br": (),
}
SCHEMES = ("https://", "http://", "mailto:")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.links: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, f"no client shows <{tag}>"
        for name, value in attrs:
            assert name in ALLOWED[tag], f"no client reads {name} of <{tag}>"
            assert name != "href" or (value or "").startswith(SCHEMES), f"no client follows {value}"
        if tag == "br":
            self.text += "\n"
            return
        if tag in {"p", "li", "ul", "ol"} and self.text and not self.text.endswith("\n"):
            self.text += "\n"
        if tag == "a":
            self.links.append((dict(attrs)["href"] or "", ""))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data
        if "a" in self.open:
            url, label = self.links.pop()
            self.links.append((url, label + data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")


def read(html: str) -> _Reader:
    """The words and links of an HTML text. Fails for what the specification does not list or what does not fit."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, f"left open: {reader.open}"
    return reader
