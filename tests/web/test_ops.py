"""Health, metrics, Telegram's webhook, and the place for lessons."""

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from httpx import ASGITransport, AsyncClient, Response
from prometheus_client import CollectorRegistry, Counter
from starlette.requests import Request
from starlette.responses import Response as Answer

from bot.domain.messages import Reply
from bot.web import ops
from bot.web.pages import Frame, Pages
from tests.web.world import QUESTION, FakeDialogue, make_app


async def ask(app: FastAPI, method: str, path: str, **how: Any) -> Response:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8080") as client:
        return await client.request(method, path, **how)


async def fine() -> bool:
    return True


async def lacking() -> bool:
    return False


async def broken() -> bool:
    raise OSError("no such database: secret-host")


async def stuck() -> bool:
    await asyncio.sleep(60)
    return True


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_alive(method: str) -> None:
    assert (await ask(make_app(FakeDialogue()), method, "/healthz")).status_code == 200


async def test_ready_when_all_checks_pass() -> None:
    answer = await ask(make_app(FakeDialogue(), checks={"database": fine, "content": fine}), "GET", "/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "checks": {"database": "ok", "content": "ok"}}


async def test_not_ready_says_what_is_missing_but_not_why() -> None:
    checks = {"database": broken, "migrations": lacking, "telegram": stuck, "content": fine}
    app = FastAPI()
    app.include_router(ops.routes(checks, CollectorRegistry(), check_limit_s=0.05))
    answer = await ask(app, "GET", "/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "checks": {"database": "not ok", "migrations": "not ok", "telegram": "not ok", "content": "ok"},
    }
    assert "secret-host" not in answer.text


async def test_metrics_are_those_of_the_registry_given() -> None:
    registry = CollectorRegistry()
    Counter("turns", "Turns taken.", registry=registry).inc(3)
    answer = await ask(make_app(FakeDialogue(), registry=registry), "GET", "/metrics")

    assert "turns_total 3.0" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


class Webhook:
    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.updates: list[tuple[dict[str, Any], str | None]] = []

    async def __call__(self, update: dict[str, Any], secret: str | None) -> int:
        self.updates.append((update, secret))
        return self.status


async def test_an_update_and_its_secret_reach_the_handler() -> None:
    webhook = Webhook()
    answer = await ask(
        make_app(FakeDialogue(), telegram_webhook=webhook),
        "POST",
        "/telegram/webhook",
        json={"update_id": 1},
        headers={"X-Telegram-Bot-Api-Secret-Token": "s3cret"},
    )

    assert answer.status_code == 200
    assert webhook.updates == [({"update_id": 1}, "s3cret")]


async def test_the_handlers_status_is_the_answer() -> None:
    app = make_app(FakeDialogue(), telegram_webhook=Webhook(403))

    assert (await ask(app, "POST", "/telegram/webhook", json={})).status_code == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"null"])
async def test_what_is_no_update_is_refused(body: bytes) -> None:
    webhook = Webhook()
    answer = await ask(make_app(FakeDialogue(), telegram_webhook=webhook), "POST", "/telegram/webhook", content=body)

    assert answer.status_code == 400
    assert webhook.updates == []


async def test_an_endless_update_is_refused() -> None:
    webhook = Webhook()
    body = b'{"text": "' + b"x" * ops.UPDATE_LIMIT + b'"}'
    answer = await ask(make_app(FakeDialogue(), telegram_webhook=webhook), "POST", "/telegram/webhook", content=body)

    assert answer.status_code == 413
    assert webhook.updates == []


async def test_without_a_handler_there_is_no_webhook() -> None:
    assert (await ask(make_app(FakeDialogue()), "POST", "/telegram/webhook", json={})).status_code == 404


async def test_lessons_show_one_screen_with_forms_of_their_own() -> None:
    def lessons(pages: Pages) -> APIRouter:
        router = APIRouter()

        @router.get("/q/{code}")
        async def show(request: Request, code: str) -> Answer:
            view = pages.view(Reply(pages.language(request), QUESTION))
            form = pages.form(f"/q/{code}", attempt="7")
            return pages.page(view, Frame(form, pages.tongue_links(request), composer=False))

        return router

    page = await ask(make_app(FakeDialogue(), lessons=lessons), "GET", "/q/abc?x=1")

    assert '<form class="choices" method="post" action="/q/abc" data-talk>' in page.text
    assert '<input type="hidden" name="attempt" value="7">' in page.text
    assert 'id="composer"' not in page.text
    assert 'href="?x=1&amp;lang=uk"' in page.text
