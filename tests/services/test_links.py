from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from bot.services.links import Links, MatrixStart

URL = "https://bk.example.org"
USERS = st.text(st.characters(codec="ascii", categories=["Ll", "Nd"], include_characters="._=-/+"), min_size=1)
"""What may stand before the colon of a user's name, by the Matrix specification."""


def test_a_messenger_that_is_off_has_no_links() -> None:
    links = Links(URL)
    assert (links.telegram_link(), links.telegram_start("subscribe")) == (None, None)
    assert (links.matrix_link(), links.matrix_start("subscribe")) == (None, None)
    assert links.messengers() == {}


def test_on_telegram_the_link_itself_starts_the_bot() -> None:
    links = Links(URL, lambda: "bk_bot")
    assert links.telegram_link() == "https://t.me/bk_bot"
    assert links.telegram_start("q_abcd2345") == "https://t.me/bk_bot?start=q_abcd2345"


def test_on_matrix_the_link_opens_the_bot_and_a_message_starts_it() -> None:
    links = Links(URL, matrix=lambda: "@bk:example.org")
    assert links.matrix_link() == "https://matrix.to/#/@bk:example.org"
    assert links.matrix_start("q_abcd2345") == MatrixStart("https://matrix.to/#/@bk:example.org", "!start q_abcd2345")


@given(USERS)
def test_every_name_on_matrix_can_stand_in_a_link(user: str) -> None:
    """A slash in it would begin another part of the link."""
    link = Links(URL, matrix=lambda: f"@{user}:example.org").matrix_link()
    assert link
    _, fragment = link.split("/#/")
    assert "/" not in fragment
    assert unquote(fragment) == f"@{user}:example.org"


def test_every_messenger_that_is_on_can_be_opened() -> None:
    links = Links(URL, lambda: "bk_bot", lambda: "@bk:example.org")
    assert links.messengers() == {
        "telegram": "https://t.me/bk_bot",
        "matrix": "https://matrix.to/#/@bk:example.org",
    }


def test_the_names_are_asked_for_when_a_link_is_made() -> None:
    known: list[str] = []
    links = Links(URL, matrix=lambda: known[0] if known else None)
    assert links.matrix_link() is None
    known.append("@bk:example.org")
    assert links.matrix_link()
