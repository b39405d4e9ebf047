"""A passkey in a real browser, with an authenticator that the browser plays: added, then enough to sign in."""

import re
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from bot.storage.staff import Role
from tests.chromium import ARGUMENTS, CHROMIUM, needs_chromium
from tests.web.console.served import served

pytestmark = needs_chromium

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_added_and_then_suffices(tmp_path: Path) -> None:
    with served(tmp_path, host="localhost") as house, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(locale="pl-PL")
        context.add_cookies([house.cookie(Role.EDITOR)])  # type: ignore[list-item] # a cookie is a dictionary to it
        page = context.new_page()
        devices = context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

        page.goto(f"{house.address}/console/account")
        page.get_by_label("Nazwa klucza").fill("Telefon (przykład)")
        page.get_by_role("button", name="Dodaj klucz dostępu").click()
        expect(page.locator(".told")).to_contain_text("Klucz dodany")
        page.get_by_role("button", name="Dodaj klucz dostępu").click()
        page.get_by_label("Nazwa klucza").last.fill("Ten sam")
        page.get_by_role("button", name="Dodaj klucz dostępu").click()
        expect(page.locator("[data-told]")).to_contain_text("To urządzenie ma już Twój klucz.")

        page.get_by_role("button", name="Wyloguj").click()
        page.goto(f"{house.address}/console/workshops")
        expect(page).to_have_url(re.compile("/console/sign-in"))
        page.get_by_role("button", name="Zaloguj się kluczem").click()
        expect(page).to_have_url(f"{house.address}/console/workshops")
        expect(page.locator(".me")).to_contain_text("demo-editor")
        browser.close()
