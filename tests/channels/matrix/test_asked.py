"""To whom words in a room of several are said, and what they ask of us."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.matrix import asked
from bot.channels.matrix.asked import Help, Quiz, Results

US = "@bot:example.org"
LANGUAGES = ("pl", "uk", "en")


def read(text: str, content: dict[str, Any] | None = None) -> asked.Ask | None:
    return asked.read(text, content or {}, US, LANGUAGES)


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("!quiz", Quiz(None)),
        ("/quiz", Quiz(None)),
        ("!QUIZ Czad w domu", Quiz(None, "Czad w domu")),
        ("!viktoryna", Quiz("uk")),
        ("!вікторина чадний газ", Quiz("uk", "чадний газ")),
        ("!quiz en", Quiz("en")),
        ("!quiz uk  czad", Quiz("uk", "czad")),
        ("!quiz english", Quiz(None, "english")),
        ("!wyniki", Results("pl")),
        ("!Результати", Results("uk")),
        ("!rezultaty już", Results("uk")),
        ("/results", Results("en")),
        ("!pomoc", Help("pl")),
        ("!help", Help("en")),
        ("!start q_abc", Help()),
        ("!dane", Help("pl")),
        ("!usun", Help("pl")),
        ("@bot quiz czad", Quiz(None, "czad")),
        ("@bot:example.org: !wyniki", Results("pl")),
        ("@BOT:example.org quiz", Quiz(None)),
        ("Bot: quiz", Quiz(None)),
        ("@bot", Help()),
        ("@bot, co umiesz?", Help()),
        ("bot: dzień dobry", Help()),
    ],
)
def test_what_is_said_to_us(text: str, ask: asked.Ask) -> None:
    assert read(text) == ask


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "quiz",
        "wyniki meczu?",
        "Napisz !quiz",
        "!pogoda Kraków",
        "! quiz",
        "//quiz",
        "bot quiz",
        "boty: quiz",
        "@botanik quiz",
        "@bot:example.organization quiz",
        "zapytaj @bot",
        "pali się!",
    ],
)
def test_what_is_said_to_others(text: str) -> None:
    assert read(text) is None


def pill(user: str, shown: str, rest: str) -> dict[str, Any]:
    return {"formatted_body": f'<a href="https://matrix.to/#/{user}">{shown}</a>{rest}'}


def test_a_mention_by_the_name_that_a_client_shows() -> None:
    assert read("Bezpieczny & Kraków: quiz czad", pill(US, "Bezpieczny &amp; Kraków", ": quiz czad")) == Quiz(
        None, "czad"
    )
    assert read("Bezpieczny Kraków", pill("%40bot%3Aexample.org", "Bezpieczny Kraków", "")) == Help()


@pytest.mark.parametrize(
    "content",
    [
        pill("@anna:example.org", "Anna", ": quiz"),
        {"formatted_body": f"Hej {pill(US, 'Anna', ' quiz')['formatted_body']}"},
        {"formatted_body": f"<mx-reply>…</mx-reply>{pill(US, 'Anna', ' quiz')['formatted_body']}"},
        {"formatted_body": 7},
        {"m.mentions": {"user_ids": [US]}},
    ],
)
def test_who_only_answers_us_or_speaks_of_us_does_not_ask(content: dict[str, Any]) -> None:
    assert read("Anna: quiz", content) is None


@given(st.text(max_size=40), st.none() | st.integers() | st.text(max_size=60))
def test_whatever_is_written_is_read(text: str, html: object) -> None:
    heard = asked.read(text, {"formatted_body": html}, US, LANGUAGES)
    assert heard is None or isinstance(heard, Quiz | Results | Help)
