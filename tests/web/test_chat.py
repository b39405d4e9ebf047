"""The chat page over HTTP: what is stored, what is shown, what is refused."""

import re

import pytest
from httpx import ASGITransport, AsyncClient, Response

from bot.channels.web.render import FRAGMENT_TYPE
from bot.channels.web.session import address_of
from bot.dialogue.actions import encode
from bot.domain import actions
from bot.domain.messages import Command, Press, Start, Text
from tests.web.world import ASK, FakeDialogue, make_app

COOKIE = "bezpieczny"
SCRIPT = {"Accept": FRAGMENT_TYPE}
MENU, CONSENTS, ASKING = encode(actions.Home()), encode(actions.Consents()), encode(actions.Ask())
UKRAINIAN, ENGLISH = encode(actions.SetLanguage("uk")), encode(actions.SetLanguage("en"))
ERASE = encode(actions.Erase(sure=True))


def key_of(page: Response) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page.text)
    assert found
    return found[1]


async def press(browser: AsyncClient, code: str, **more: str) -> Response:
    return await browser.post("/", data={"press": code, "key": "nonce", **more})


# --- looking


async def test_looking_stores_nothing(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    page = await browser.get("/")

    assert page.status_code == 200
    assert "Cześć! Jestem automatem" in page.text
    assert "set-cookie" not in page.headers
    assert dialogue.events == []
    assert "Oglądanie tej strony niczego nie zapisuje" in page.text


@pytest.mark.parametrize(
    ("accepts", "language", "title"),
    [
        ("uk-UA,uk;q=0.9", "uk", "розмова з автоматом"),
        ("en-GB", "en", "chat with the city’s bot"),
        ("de,fr;q=0.5", "pl", "rozmowa z automatem"),
        ("", "pl", "rozmowa z automatem"),
        (";;,,q=x", "pl", "rozmowa z automatem"),
    ],
)
async def test_the_page_speaks_the_browsers_language(
    browser: AsyncClient, accepts: str, language: str, title: str
) -> None:
    page = await browser.get("/", headers={"Accept-Language": accepts})

    assert f'<html lang="{language}">' in page.text
    assert re.search(f"<title>[^<]*{title}</title>", page.text)


async def test_without_a_session_another_language_is_only_another_page(
    browser: AsyncClient, dialogue: FakeDialogue
) -> None:
    answer = await press(browser, UKRAINIAN)
    page = await browser.get(answer.headers["location"])

    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    assert dialogue.events == []
    assert '<html lang="uk">' in page.text


async def test_the_language_of_the_page_comes_along_with_the_first_choice(
    browser: AsyncClient, dialogue: FakeDialogue
) -> None:
    page = await browser.get("/?lang=uk")
    assert '<input type="hidden" name="language" value="uk">' in page.text

    await press(browser, MENU, language="uk")

    assert dialogue.events[0].language == "uk"


async def test_a_language_nobody_speaks_is_not_passed_on(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    await press(browser, MENU, language="<script>")

    assert dialogue.events[0].language == "pl"


# --- the first turn, and the next


async def test_the_first_choice_begins_a_session(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    answer = await press(browser, MENU)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/#now"
    token = browser.cookies[COOKIE]
    (event,) = dialogue.events
    assert event.address == address_of(token)
    assert event.input == Press(MENU)
    assert "Menu." in (await browser.get("/")).text


async def test_a_session_goes_on_and_is_prolonged(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    await press(browser, MENU)
    token = browser.cookies[COOKIE]
    again = await press(browser, CONSENTS)

    assert f"{COOKIE}={token}; " in again.headers["set-cookie"]
    assert len({event.address for event in dialogue.events}) == 1


async def test_two_browsers_are_two_people(dialogue: FakeDialogue) -> None:
    app = make_app(dialogue)
    for _ in range(2):
        async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8080") as browser:
            await press(browser, MENU)

    assert len(dialogue.people) == 2


async def test_every_form_of_a_page_has_its_nonce_and_every_page_another(browser: AsyncClient) -> None:
    first, second = await browser.get("/"), await browser.get("/")

    assert len(set(re.findall(r'name="key" value="([^"]+)"', first.text))) == 1
    assert key_of(first) != key_of(second)


async def test_a_form_sent_twice_is_one_event(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    await press(browser, MENU)
    for _ in range(2):
        await press(browser, CONSENTS, key="the-same")

    assert len(dialogue.events) == 3
    assert len(dialogue.counted) == 2


async def test_forms_without_a_nonce_are_never_taken_for_repeats(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    await press(browser, MENU)
    for _ in range(2):
        await browser.post("/", data={"press": CONSENTS})

    assert len(dialogue.counted) == 3


async def test_text_and_commands(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    for text in ("pali się olej", "/quiz czad", "/start subscribe"):
        await browser.post("/", data={"text": text, "key": "nonce"})

    assert [event.input for event in dialogue.events] == [
        Text("pali się olej"),
        Command("quiz", "czad"),
        Start("subscribe"),
    ]


async def test_five_thousand_characters_are_passed_on(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    answer = await browser.post("/", data={"text": "<b>'\"😀" * 500, "key": "nonce"})

    assert answer.status_code == 303
    assert dialogue.events[0].input == Text("<b>'\"😀" * 500)


async def test_saying_nothing_does_nothing(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    for fields in ({"text": "  "}, {}, {f"field{number}": "x" for number in range(30)}):
        assert (await browser.post("/", data=fields)).status_code == 303

    assert dialogue.events == []


async def test_a_forged_code_is_left_to_the_dialogue(browser: AsyncClient) -> None:
    await press(browser, "zz:<script>")

    assert "Nie rozumiem tego przycisku" in (await browser.get("/")).text


async def test_a_cookie_that_is_not_ours_is_no_session(browser: AsyncClient) -> None:
    page = await browser.get("/", headers={"Cookie": f"{COOKIE}=' OR 1=1"})

    assert "Cześć! Jestem automatem" in page.text


async def test_what_is_asked_stands_at_the_field(browser: AsyncClient) -> None:
    assert '<label for="text" data-usual="Napisz wiadomość">Napisz wiadomość</label>' in (await browser.get("/")).text

    await press(browser, ASKING)

    assert ASK.asks
    assert '<label for="text" data-usual="Napisz wiadomość">Co się dzieje?</label>' in (await browser.get("/")).text


async def test_with_a_session_the_language_is_a_choice_like_others(browser: AsyncClient) -> None:
    await press(browser, MENU)
    await press(browser, ENGLISH)
    page = await browser.get("/")

    assert '<html lang="en">' in page.text
    assert "What next?" in page.text
    assert page.headers["content-language"] == "en"


# --- start links


@pytest.mark.parametrize(
    ("parameter", "said"), [("subscribe", "Nic nie jest z góry"), ("q_abc123", "Ten link otwiera")]
)
async def test_a_start_link_changes_nothing_until_its_button_is_pressed(
    browser: AsyncClient, dialogue: FakeDialogue, parameter: str, said: str
) -> None:
    page = await browser.get("/", params={"start": parameter})

    assert said in page.text
    assert "set-cookie" not in page.headers
    assert dialogue.events == []

    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', page.text))
    await browser.post("/", data=fields)

    assert [event.input for event in dialogue.events] == [Start(parameter)]


async def test_a_start_link_keeps_its_parameter_in_another_language(browser: AsyncClient) -> None:
    answer = await press(browser, UKRAINIAN, start="subscribe")

    assert answer.headers["location"] == "/?lang=uk&start=subscribe#now"


async def test_a_start_link_with_junk_is_the_page_itself(browser: AsyncClient) -> None:
    assert "Cześć! Jestem automatem" in (await browser.get("/", params={"start": "<script>"})).text


# --- erasing


async def test_erasing_forgets_the_session_and_says_so(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    await press(browser, MENU)
    answer = await press(browser, ERASE)

    assert answer.status_code == 200
    assert "Skasowane. Nic o Tobie nie wiem." in answer.text
    assert COOKIE not in browser.cookies
    assert dialogue.people == {}
    assert "Cześć! Jestem automatem" in (await browser.get("/")).text


# --- for the page's script


async def test_the_script_gets_the_screen_alone(browser: AsyncClient) -> None:
    answer = await browser.post("/", data={"press": MENU, "key": "nonce"}, headers=SCRIPT)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{FRAGMENT_TYPE}; charset=utf-8"
    assert answer.text.startswith('<li class="turn bot"')
    assert "Co teraz?" in answer.text
    assert COOKIE in browser.cookies


async def test_the_script_hears_that_all_is_erased(browser: AsyncClient) -> None:
    await press(browser, MENU)
    answer = await browser.post("/", data={"press": ERASE, "key": "nonce"}, headers=SCRIPT)

    assert "data-forgotten" in answer.text
    assert COOKIE not in browser.cookies


# --- secure over https


async def test_over_https_the_cookie_is_secure(dialogue: FakeDialogue) -> None:
    app = make_app(dialogue, public_url="https://bot.example.org")
    async with AsyncClient(transport=ASGITransport(app), base_url="https://bot.example.org") as browser:
        answer = await press(browser, MENU)

    assert answer.headers["set-cookie"].startswith("__Host-bezpieczny=")
    assert "Secure" in answer.headers["set-cookie"]
