"""One's own account: sessions, passkeys with a device of their own, language."""

import json
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from bot.services import signin
from bot.storage import audit
from bot.storage.audit import Filter
from bot.storage.staff import Role
from bot.web.app import create_app
from bot.web.console import app as console_app
from bot.web.console.devices import device_of
from tests.authenticator import Device
from tests.web.console.world import NAMES, Browser, Console, forms
from tests.web.world import FakeDialogue, tokens

SITE = "http://localhost:8080"


@pytest.fixture
def at_home(console: Console) -> Console:
    """The console at an address where browsers have passkeys."""
    house = replace(console.house, settings=console.house.settings.model_copy(update={"public_url": SITE}))
    app = create_app(
        dialogue=FakeDialogue(),
        shelf=house.shelf,
        new_token=tokens(),
        public_url=SITE,
        checks={},
        registry=CollectorRegistry(),
        console=console_app.routes(house),
    )
    console.app, console.house = app, house
    return console


async def told(console: Console, what: str) -> list[audit.Entry]:
    async with console.database.read() as conn:
        return [line.entry for line in await audit.page(conn, Filter()) if line.entry.what == what]


async def add_key(browser: Browser, device: Device, name: str = "Work phone") -> None:
    """Adds a passkey as the page's script does: asks, lets the device answer, and sends the form."""
    page = await browser.get("/console/account")
    (form,) = [one for one in forms(page.text) if one.action == "/console/account/passkeys"]
    asked = await browser.client.post("/console/account/passkeys/offer", data=dict(form.fields))
    await browser.submit("/console/account/passkeys", answer=device.create(asked.text), name=name)


async def use_key(browser: Browser, device: Device, **form: str) -> str:
    """Signs in as the page's script does; the path where one is then."""
    asked = await browser.client.post("/console/sign-in/ask")
    page = await browser.post("/console/sign-in", {"answer": device.get(asked.text), **form})
    return page.url.path


# --- passkeys


async def test_a_passkey_is_added_and_then_suffices(at_home: Console) -> None:
    browser, device = await at_home.browser(Role.EDITOR), Device(origin=SITE)
    await add_key(browser, device)
    assert "The passkey is added." in browser.text
    assert [entry.after for entry in await told(at_home, "add_passkey")] == [{"passkey": "Work phone"}]

    other = at_home.stranger()
    assert await use_key(other, device, next="/console/account") == "/console/account"
    assert "by a passkey" in other.text
    assert [entry.who for entry in await told(at_home, "sign_in")] == [NAMES[Role.EDITOR]]


async def test_a_passkey_is_refused_in_words_and_a_try_of_it_counts(at_home: Console) -> None:
    browser, device = await at_home.browser(Role.EDITOR), Device(origin=SITE)
    await add_key(browser, device)
    stranger, thief = at_home.stranger(), Device(origin="http://localhost:6666", keys=device.keys)

    await use_key(stranger, thief)
    assert "This passkey does not let you in." in stranger.text
    for rubbish in ("", "{}", "ż" * 500, json.dumps({"id": "x", "response": {}})):
        page = await stranger.post("/console/sign-in", {"answer": rubbish})
        assert page.status_code == 422
    asked = await stranger.client.post("/console/sign-in/ask")
    answer = device.get(asked.text)
    await stranger.post("/console/sign-in", {"answer": answer})
    assert (await stranger.get("/console/account")).url.path == "/console/account"
    again = at_home.stranger()
    assert (await again.post("/console/sign-in", {"answer": answer})).status_code == 422
    assert "was sent twice" in again.text
    for _ in range(signin.TRIES):
        page = await again.post("/console/sign-in", {"answer": "{}"})
    assert page.status_code == 429
    assert (await again.client.post("/console/sign-in/ask")).status_code == 429


async def test_a_passkey_is_renamed_and_removed(at_home: Console) -> None:
    browser, device = await at_home.browser(Role.EDITOR), Device(origin=SITE)
    await add_key(browser, device)
    page = await browser.submit("/console/account/passkeys/rename", called="x" * 81)
    assert page.status_code == 422
    assert "At most 80 characters." in browser.text
    assert f'value="{"x" * 81}"' in page.text
    await browser.get("/console/account")
    await browser.submit("/console/account/passkeys/rename", called="Old phone")
    assert "Old phone" in browser.text
    await browser.submit("/console/account/passkeys/remove")
    assert "You have no passkey yet." in browser.text
    assert await use_key(at_home.stranger(), device) == "/console/sign-in"


async def test_nobody_renames_or_removes_the_passkey_of_another(at_home: Console) -> None:
    ed, device = await at_home.browser(Role.EDITOR), Device(origin=SITE)
    await add_key(ed, device)
    (theirs,) = [form for form in forms((await ed.get("/console/account")).text) if form.action.endswith("/remove")]
    key = dict(theirs.fields)["passkey"]

    ola = await at_home.browser(Role.VIEWER)
    await add_key(ola, Device(origin=SITE))
    await ola.get("/console/account")
    page = await ola.submit("/console/account/passkeys/remove", passkey=key)
    assert (page.status_code, "There is no such passkey of yours" in ola.text) == (422, True)
    assert await use_key(at_home.stranger(), device, next="/console/account") == "/console/account"


# --- sessions


async def test_one_sees_where_one_is_signed_in_and_ends_a_session(console: Console) -> None:
    browser = await console.browser(Role.EDITOR)
    async with console.database.begin() as conn:
        for token, device in (("phone", "Chrome, Android"), ("desk", "Firefox, Windows")):
            name = NAMES[Role.EDITOR]
            await signin.begin(conn, name, session=token, device=device, proof="link", now=console.now)

    await browser.get("/console/account")
    assert "Chrome, Android" in browser.text
    assert "Firefox, Windows" in browser.text
    await browser.submit("/console/account/sessions/end", session=signin.hash_of("phone"))
    assert "The session has ended." in browser.text
    assert "Chrome, Android" not in browser.text
    await browser.submit("/console/account/sessions/end-others")
    assert "Firefox, Windows" not in browser.text
    assert [entry.before for entry in await told(console, "end_session")] == [{"device": "Chrome, Android"}]


async def test_nobody_ends_the_session_of_another(console: Console) -> None:
    ed, ola = await console.browser(Role.EDITOR), await console.browser(Role.VIEWER)
    async with console.database.begin() as conn:
        await signin.begin(conn, NAMES[Role.VIEWER], session="second", device="", proof="link", now=console.now)
    await ola.get("/console/account")
    page = await ola.submit("/console/account/sessions/end", session=signin.hash_of("session-editor"))
    assert (page.status_code, "This session has ended already." in ola.text) == (422, True)
    assert (await ed.get("/console/account")).url.path == "/console/account"


# --- language


async def test_the_console_speaks_the_language_that_one_chose(console: Console) -> None:
    browser = await console.browser(Role.EDITOR)
    await browser.get("/console/account")
    page = await browser.submit("/console/account/language", language="uk")
    assert page.headers["content-language"] == "uk"
    assert "Консоль тепер говорить цією мовою." in browser.text
    page = await browser.submit("/console/account/language", language="")
    assert page.headers["content-language"] == "en"
    page = await browser.submit("/console/account/language", language="tlh")
    assert page.status_code == 422


# --- devices


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537 Chrome/138.0 Safari/537 Edg/138.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537 Chrome/138.0 Mobile Safari/537", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604", "Safari, iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605", "Safari, macOS"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_devices_are_called_as_people_know_them(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device
