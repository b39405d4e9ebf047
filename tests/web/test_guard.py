"""Sizes, origins, headers, and pages for what goes wrong."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import AsyncClient, Response

from bot.channels.web.render import FRAGMENT_TYPE
from bot.dialogue.actions import encode
from bot.domain import actions
from bot.web.guard import FORM_LIMIT, HEADERS
from tests.web.world import WORDS, FakeDialogue

HERE = Path(__file__).parents[2] / "bot"
MENU = {"press": encode(actions.Home()), "key": "nonce"}


def kind(page: Response) -> bool:
    """Whether it is one of our pages, with a way back."""
    return page.text.startswith("<!doctype html>") and '<a class="choice" href="/">' in page.text


# --- origins


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": "http://bot.example.org", "Host": "bot.example.org"},
        {"Origin": "http://127.0.0.1:8080", "Host": "inside.the.house:9000"},
        {},
    ],
)
async def test_own_forms_are_taken(browser: AsyncClient, headers: dict[str, str]) -> None:
    assert (await browser.post("/", data=MENU, headers=headers)).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8080"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9090"},
        {"Origin": "null"},
    ],
)
async def test_foreign_forms_are_refused(browser: AsyncClient, dialogue: FakeDialogue, headers: dict[str, str]) -> None:
    answer = await browser.post("/", data=MENU, headers=headers)

    assert answer.status_code == 403
    assert kind(answer)
    assert "set-cookie" not in answer.headers
    assert dialogue.events == []


async def test_a_link_from_elsewhere_may_lead_here(browser: AsyncClient) -> None:
    assert (await browser.get("/", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


# --- sizes


async def test_a_form_too_long_is_refused(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    answer = await browser.post("/", data={"text": "x" * FORM_LIMIT})

    assert answer.status_code == 413
    assert kind(answer)
    assert "To za długa wiadomość" in answer.text
    assert dialogue.events == []


async def test_a_form_that_hides_its_length_is_refused(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * FORM_LIMIT:
            sent += 1024
            yield b"x" * 1024

    answer = await browser.post("/", content=endless())

    assert answer.status_code == 413
    assert sent <= 2 * FORM_LIMIT
    assert dialogue.events == []


@pytest.mark.parametrize("length", ["-1", "many", ""])
async def test_a_length_that_is_no_number_is_refused(browser: AsyncClient, length: str) -> None:
    assert (await browser.post("/", content=b"press=ho", headers={"Content-Length": length})).status_code == 413


@pytest.mark.parametrize(
    "body", [b"\xff\xfe\x00", b"--x\r\nContent-Disposition: form-data\r\n", b"{}", b"%%%=&&&", b""]
)
async def test_what_is_no_form_does_nothing(browser: AsyncClient, dialogue: FakeDialogue, body: bytes) -> None:
    assert (await browser.post("/", content=body)).status_code == 303
    assert dialogue.events == []


# --- headers


@pytest.mark.parametrize("path", ["/", "/nowhere", "/healthz", "/readyz", "/?start=subscribe"])
async def test_every_answer_is_strict(browser: AsyncClient, path: str) -> None:
    answer = await browser.get(path)

    for name, value in HEADERS.items():
        assert answer.headers[name] == value


async def test_pages_ask_nobody_else_for_anything(browser: AsyncClient) -> None:
    page = await browser.get("/")

    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*"', page.text)
    assert "style=" not in page.text
    assert not re.findall(r"\son\w+=", page.text)
    assert not re.findall(r"<script(?![^>]*src=)", page.text)


# --- static files


async def test_own_files_are_kept_for_good_under_an_address_of_their_content(browser: AsyncClient) -> None:
    page = await browser.get("/")
    addresses = set(re.findall(r'"(/static/[^"]+)"', page.text))

    assert {address.rsplit("/", 1)[1] for address in addresses} == {"style.css", "chat.js", "icon.svg"}
    for address in addresses:
        file = await browser.get(address)
        assert file.status_code == 200
        assert "immutable" in file.headers["cache-control"]
        assert file.content == (HERE / "web/static" / address.rsplit("/", 1)[1]).read_bytes()


async def test_an_older_address_gives_the_file_of_today_but_is_not_kept(browser: AsyncClient) -> None:
    file = await browser.get("/static/0123456789abcdef/style.css")

    assert file.status_code == 200
    assert file.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/static/x/nothing.css", "/static/x/..%2fapp.py", "/static/../app.py", "/static/"])
async def test_no_other_file_can_be_had(browser: AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


# --- errors


@pytest.mark.parametrize(
    ("language", "said"), [("pl", "Tu niczego nie ma"), ("uk", "Тут нічого"), ("en", "nothing here")]
)
async def test_a_wrong_address_is_explained_in_the_visitors_language(
    browser: AsyncClient, language: str, said: str
) -> None:
    page = await browser.get("/nowhere", headers={"Accept-Language": language})

    assert page.status_code == 404
    assert kind(page)
    assert said in page.text


async def test_a_wrong_method_is_explained(browser: AsyncClient) -> None:
    page = await browser.put("/")

    assert page.status_code == 405
    assert kind(page)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
async def test_there_is_no_description_of_an_interface(browser: AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


async def test_our_own_mistake_is_explained_and_strict(browser: AsyncClient, dialogue: FakeDialogue) -> None:
    dialogue.trouble = RuntimeError("the secret reason")
    page = await browser.post("/", data=MENU)

    assert page.status_code == 500
    assert kind(page)
    assert "112" in page.text
    assert "secret reason" not in page.text
    assert page.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


async def test_the_script_gets_an_error_as_a_screen(browser: AsyncClient) -> None:
    answer = await browser.post("/", data={"text": "x" * FORM_LIMIT}, headers={"Accept": FRAGMENT_TYPE})

    assert answer.status_code == 413
    assert answer.text.startswith('<li class="turn bot"')


# --- words


@pytest.mark.parametrize("language", WORDS.languages)
def test_every_word_of_the_pages_is_there_in_every_language(language: str) -> None:
    files = [*HERE.glob("web/**/*.py"), *HERE.glob("web/**/*.html"), *HERE.glob("channels/web/*")]
    used = {key for file in files if file.is_file() for key in re.findall(r'"(web\.\w+)"', file.read_text())}
    used |= {f"web.error_{status}" for status in (400, 403, 404, 413, 500)}

    assert len(used) > 20
    assert used - WORDS.vocabularies[language].entries.keys() == set()
