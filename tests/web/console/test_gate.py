"""Who is let in, and what a form needs."""

import pytest

from bot.storage.staff import Role
from tests.web.console.world import Console, forms


async def test_a_stranger_is_asked_to_sign_in_and_comes_back(console: Console) -> None:
    browser = console.stranger()
    answer = await browser.client.get("/console/nowhere?a=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fnowhere%3Fa%3D1"
    assert (await browser.post("/console/sign-out", {"key": "a"})).status_code == 401


async def test_an_address_that_nobody_has_says_so_on_the_frame(console: Console) -> None:
    browser = await console.browser(Role.VIEWER)
    answer = await browser.get("/console/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here" in browser.text
    assert "Viewer Demo viewer" in browser.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]


async def test_a_form_needs_its_token_and_its_own_site(console: Console) -> None:
    browser = await console.browser(Role.VIEWER)
    page = await browser.get("/console/nowhere")
    (sign_out, *_) = [form for form in forms(page.text) if form.action == "/console/sign-out"]
    fields = dict(sign_out.fields)
    assert (await browser.post("/console/sign-out", fields | {"csrf": "0" * 64})).status_code == 403
    assert (await browser.post("/console/sign-out", {"csrf": fields["csrf"]})).status_code == 400
    abroad = {"Sec-Fetch-Site": "cross-site", "Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.client.post("/console/sign-out", data=fields, headers=abroad)
    assert answer.status_code == 403
    assert (await browser.get("/console/nowhere")).status_code == 404, "still signed in"


@pytest.mark.parametrize("hours", [2, 12])
async def test_a_session_ends(console: Console, hours: int) -> None:
    browser = await console.browser()
    for _ in range(hours - 1):
        console.later(hours=1)
        assert (await browser.client.get("/console/nowhere")).status_code == 404
    console.later(hours=2 if hours == 2 else 1)
    assert (await browser.client.get("/console/nowhere")).status_code == 303
