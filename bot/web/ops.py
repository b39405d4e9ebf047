"""What operators and machines ask for: health, metrics, and Telegram's webhook."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.catalogue.library import Shelf
from bot.storage import migrate
from bot.storage.database import Database
from bot.web import appservice as appservices
from bot.web.guard import read_body

Check = Callable[[], Awaitable[bool]]
"""Whether one thing works; an exception means no."""
TelegramWebhook = Callable[[dict[str, Any], str | None], Awaitable[int]]
"""Takes an update and the secret that came with it; gives the HTTP status to answer with."""

CHECK_LIMIT_S = 3.0
UPDATE_LIMIT = 1024 * 1024
"""Bytes of an update from Telegram; a long text with its entities is some tens of thousands."""


def routes(
    checks: Mapping[str, Check], registry: CollectorRegistry, *, check_limit_s: float = CHECK_LIMIT_S
) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`. A check that takes longer than its limit does not pass."""
    router = APIRouter()

    @router.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    async def readyz() -> Response:
        passed = await asyncio.gather(*(_passes(check, check_limit_s) for check in checks.values()))
        results = dict(zip(checks, passed, strict=True))
        ready = all(results.values())
        told = {name: "ok" if works else "not ok" for name, works in results.items()}
        return JSONResponse({"ready": ready, "checks": told}, 200 if ready else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


def checks_of(database: Database, shelf: Shelf) -> Mapping[str, Check]:
    """What has to be so before anybody is sent here: the database, its tables of this version, something to teach."""
    newest = migrate.head()

    async def answers() -> bool:
        await database.check()
        return True

    async def tables() -> bool:
        return await migrate.current(database) == newest

    async def content() -> bool:
        return bool(shelf.library.quizzes)

    return {"database": answers, "tables": tables, "content": content}


def alone(
    checks: Mapping[str, Check], registry: CollectorRegistry, *, appservice: appservices.Service | None = None
) -> FastAPI:
    """An application that tells how the process is, for one that serves nobody else but, maybe, a Matrix homeserver."""
    app = FastAPI(title="Bezpieczny Kraków", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(routes(checks, registry))
    if appservice is not None:
        app.mount(appservices.PREFIX, appservices.application(appservice))
    return app


async def _passes(check: Check, limit_s: float) -> bool:
    try:
        async with asyncio.timeout(limit_s):
            return await check()
    except Exception:  # noqa: BLE001 - whatever goes wrong in a check, the answer is that it does not pass
        return False


def telegram_routes(webhook: TelegramWebhook) -> APIRouter:
    """`POST /telegram/webhook`; answered only after the update's turn is committed."""
    router = APIRouter()

    @router.post("/telegram/webhook")
    async def telegram(request: Request) -> Response:
        try:
            update = json.loads(await read_body(request, UPDATE_LIMIT))
        except ValueError as error:
            raise HTTPException(400) from error
        if not isinstance(update, dict):
            raise HTTPException(400)
        return Response(status_code=await webhook(update, request.headers.get("x-telegram-bot-api-secret-token")))

    return router
