"""Puts the web application together."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount

from bot.channels.web.session import Conversation, SessionCookie
from bot.web import appservice as appservices
from bot.web import chat, ops
from bot.web.api.problems import PREFIX
from bot.web.guard import HEADERS, SameOrigin, SecurityHeaders
from bot.web.pages import Pages, Shelf


def create_app(
    *,
    dialogue: Conversation,
    shelf: Shelf,
    new_token: Callable[[], str],
    public_url: str,
    checks: Mapping[str, ops.Check],
    registry: CollectorRegistry,
    telegram_webhook: ops.TelegramWebhook | None = None,
    appservice: appservices.Service | None = None,
    lessons: Callable[[Pages], APIRouter] | None = None,
    verification: Callable[[Pages], APIRouter] | None = None,
    console: Callable[[Pages], APIRouter] | None = None,
    api: Callable[[Pages], FastAPI] | None = None,
) -> FastAPI:
    """Build the application.

    `new_token` makes at least 128 random bits as base64url text. `public_url` is where people reach the page: over
    https the cookie is Secure. `checks` are what `/readyz` tells. `appservice` takes what a Matrix homeserver pushes.
    `lessons` makes the routes of the quiz links, `verification` that of the page which tells whether a message is ours,
    `console` those of the staff's console. `api` makes the interface for other programs, an application of its own.
    """
    app = FastAPI(
        title="Bezpieczny Kraków",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(SameOrigin(public_url))],
    )
    app.add_middleware(SecurityHeaders)
    pages = Pages(shelf, new_token=new_token)
    cookie = SessionCookie(secure=urlsplit(public_url).scheme == "https")
    app.include_router(chat.routes(chat.Chat(dialogue, pages, cookie, new_token=new_token)))
    app.include_router(pages.assets.routes())
    app.include_router(ops.routes(checks, registry))
    if telegram_webhook is not None:
        app.include_router(ops.telegram_routes(telegram_webhook))
    if appservice is not None:
        app.mount(appservices.PREFIX, appservices.application(appservice))
    for routes in (lessons, verification, console):
        if routes is not None:
            app.include_router(routes(pages))
    if api is not None:
        mount = Mount(PREFIX, api(pages))
        mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)  # an address with %0A in it is below it too
        app.router.routes.append(mount)
    _explain_errors(app, pages)
    return app


def _explain_errors(app: FastAPI, pages: Pages) -> None:
    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        return pages.trouble(request, status)

    async def failed(request: Request, _error: Exception) -> Response:
        response = pages.trouble(request, 500)
        response.headers.update(HEADERS)  # this answer is made outside of the middleware
        return response

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, refused)
    app.add_exception_handler(Exception, failed)
