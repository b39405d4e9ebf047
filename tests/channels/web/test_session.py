"""A cookie becomes an address, a form becomes an event."""

import pytest
from starlette.responses import Response

from bot.channels.web.session import SessionCookie, address_of, event_of, input_of, start_parameter
from bot.domain.messages import Command, Input, Press, Start, Text
from bot.domain.residents import Address

TOKEN = "a-token-of-at-least-22-characters"
SOMEBODY = address_of(TOKEN)


def test_the_address_does_not_give_the_cookie_away() -> None:
    address = address_of(TOKEN)

    assert address.channel == "web"
    assert len(address.id) == 64
    assert TOKEN not in address.id
    assert address == address_of(TOKEN)
    assert address != address_of(TOKEN + "x")


@pytest.mark.parametrize("value", ["", "short", "x" * 129, TOKEN + "\n", TOKEN + ";", "ą" * 30])
def test_what_cannot_be_a_token_is_no_session(value: str) -> None:
    cookie = SessionCookie(secure=False)

    assert cookie.read({cookie.name: value}) is None


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_is_kept_from_scripts_and_other_sites(secure: bool) -> None:
    cookie, response = SessionCookie(secure=secure), Response()

    cookie.write(response, TOKEN)

    header = response.headers["set-cookie"]
    attributes = {part.strip() for part in header.split(";")[1:]}
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=2592000"} <= attributes
    assert ("Secure" in attributes) is secure
    assert header.startswith("__Host-") is secure
    assert cookie.read({cookie.name: TOKEN}) == TOKEN


@pytest.mark.parametrize(
    ("fields", "given"),
    [
        ({"press": "ho"}, Press("ho")),
        ({"press": "forged:" * 20, "text": "x"}, Press("forged:" * 20)),
        ({"start": "subscribe"}, Start("subscribe")),
        ({"start": "<script>"}, Start("")),
        ({"text": " pali się \x00"}, Text("pali się")),
        ({"text": "/quiz"}, Command("quiz")),
        ({"text": "/QUIZ  czad i gaz "}, Command("quiz", "czad i gaz")),
        ({"text": "/start q_abc"}, Start("q_abc")),
        ({"text": "/start"}, Start("")),
        ({"text": "/"}, Text("/")),
        ({"text": "/ coś"}, Text("/ coś")),
        ({"text": "1/2"}, Text("1/2")),
        ({"text": "x" * 5000}, Text("x" * 5000)),
        ({"text": "  "}, None),
        ({}, None),
    ],
)
def test_a_form_says_what_was_done(fields: dict[str, str], given: Input | None) -> None:
    assert input_of(fields) == given


@pytest.mark.parametrize(("text", "parameter"), [("q_AB-12", "q_AB-12"), ("a b", ""), ("x" * 65, ""), ("", "")])
def test_a_start_parameter_is_short_and_plain(text: str, parameter: str) -> None:
    assert start_parameter(text) == parameter


def key(given: Input, *, nonce: str = "n", address: Address = SOMEBODY) -> str:
    return event_of(given, address=address, nonce=nonce, language="pl").key


def test_the_same_choice_in_the_same_form_is_the_same_event() -> None:
    assert key(Press("ho")) == key(Press("ho"))


def test_another_choice_form_person_or_kind_is_another_event() -> None:
    keys = {
        key(Press("ho")),
        key(Press("he")),
        key(Press("ho"), nonce="m"),
        key(Press("ho"), address=address_of(TOKEN + "x")),
        key(Text("ho")),
    }

    assert len(keys) == 5
