import io

import pytest
from rich.console import Console

from tests.bench.report import Section, at_least, at_most, broken, markdown, put, show

SECTION = Section("Speed", ("who", "rate"), (("we", "9"),), (at_least("beside them", 0.5, 1, "×"),), ("A note.",))


@pytest.mark.parametrize(("figure", "kept"), [(0.99, False), (1.0, True), (1.01, True)])
def test_a_promise_is_kept_at_its_limit(figure: float, kept: bool) -> None:
    assert at_least("speed", figure, 1, "×").kept is kept
    assert at_most("time", -figure, -1, "s").kept is kept


def test_what_could_not_be_measured_is_not_kept() -> None:
    assert not broken("speed", "not measured", "at least 1 ×").kept


def test_a_broken_promise_stands_out_on_the_terminal_and_in_the_page() -> None:
    written = io.StringIO()
    show(Console(file=written, width=100), SECTION)
    for text in (written.getvalue(), markdown(SECTION)):
        for part in ("Speed", "we", "beside them", "0.50 ×", "at least 1 ×", "BROKEN", "A note."):
            assert part in text


def test_a_page_gets_the_new_tables_in_their_places() -> None:
    page = "Before\n<!-- speed -->\nold\n<!-- /speed -->\nBetween\n<!-- turns -->\n<!-- /turns -->\n"
    page = put(put(page, "speed", r"new \1"), "turns", "first")
    assert page == (
        "Before\n<!-- speed -->\nnew \\1\n<!-- /speed -->\nBetween\n<!-- turns -->\nfirst\n<!-- /turns -->\n"
    )
    with pytest.raises(ValueError, match="pacing"):
        put(page, "pacing", "nowhere")
