"""Whatever stands in a file, reading it ends in data or in a complaint with a place."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.catalogue.source import SourceError, locate, parse, value

YAML = """\
id: a
list:
  - {x: 1, y: two}
  - x: 3
"""


@given(st.text(alphabet="ab:-?&*!|>'\"%@`{}[],#\n\t ~.0123456789_<=\\ą\x00\x07") | st.text() | st.binary())
@example("a: .inf")
@example("a: .nan")
@example("a: 0x1F")
@example("a: -0o17")
@example("a: 1_000")
@example("a: 1e3")
@example("a: !!int x")
@example("a: !!float x")
@example("%YAML 1.1\n---\na: no")
@example("a: 1\n---\nb: 2")
@example("&a [*a]: 1")
@example("<<: {a: 1}")
def test_anything_is_data_or_a_complaint(content: str | bytes) -> None:
    match outcome(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")):
        case SourceError(message=message, place=place):
            assert message
            assert min(place) >= 1
        case data:
            assert isinstance(data, dict)


def outcome(content: bytes) -> object:
    """What a file holds, or what is wrong with it."""
    try:
        return value(parse(content))
    except SourceError as error:
        return error


@pytest.mark.parametrize(
    ("location", "place"),
    [
        (("id",), (1, 5)),
        (("id", "[key]"), (1, 1)),
        (("list", 0, "y"), (3, 15)),
        (("list", 1, "x", "[key]"), (4, 5)),
        (("list", 1, "missing"), (4, 5)),
        (("list", 7), (3, 3)),
        (("nothing", "at", "all"), (1, 1)),
        ((), (1, 1)),
    ],
)
def test_locates(location: tuple[int | str, ...], place: tuple[int, int]) -> None:
    assert locate(parse(YAML.encode()), location) == place
