"""What a Matrix homeserver asks of an application service: an application of its own below `/_matrix/app`.

https://spec.matrix.org/latest/application-service-api/#homeserver---application-service-api
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from starlette.exceptions import HTTPException as Refused
from starlette.responses import JSONResponse, Response

from bot.web.guard import read_body

PREFIX = "/_matrix/app"
BODY_LIMIT = 32 * 1024 * 1024
"""Bytes of a transaction: Synapse puts up to a hundred events into one, of 64 KiB each, some with what was before."""

_CODES = {
    400: ("M_BAD_JSON", "This is no transaction."),
    401: ("M_UNAUTHORIZED", "The homeserver's token is missing."),
    403: ("M_FORBIDDEN", "This is not the homeserver's token."),
    404: ("M_UNRECOGNIZED", "There is nothing here."),
    405: ("M_UNRECOGNIZED", "This is asked for in another way."),
    413: ("M_TOO_LARGE", "This is too large."),
    503: ("M_UNKNOWN", "The bot is just starting or stopping; try again."),
}
_FAILED = ("M_UNKNOWN", "Something went wrong; try again.")


class Service(Protocol):
    """The bot as an application service."""

    @property
    def open(self) -> bool:
        """Whether transactions are taken."""
        ...

    def trusts(self, token: str) -> bool:
        """Whether a token is the homeserver's."""
        ...

    def is_ours(self, user: str) -> bool:
        """Whether a name is the bot's."""
        ...

    async def take(self, transaction: str, raw: Mapping[str, Any]) -> int:
        """Take a transaction; returns the HTTP status."""
        ...


def application(service: Service) -> FastAPI:
    """The application; all of it wants the homeserver's token, before anything else is read."""

    def trusted(request: Request) -> None:
        token = _token(request)
        if token is None:
            raise HTTPException(401)
        if not service.trusts(token):
            raise HTTPException(403)

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(_routes(service), prefix="/v1", dependencies=[Depends(trusted)])
    app.add_exception_handler(Refused, _refused)
    return app


def _routes(service: Service) -> APIRouter:
    router = APIRouter()

    @router.put("/transactions/{transaction:path}")
    async def transactions(request: Request, transaction: str) -> Response:
        try:
            raw = json.loads(await read_body(request, BODY_LIMIT))
        except (ValueError, RecursionError) as error:
            raise HTTPException(400) from error
        if not isinstance(raw, dict):
            raise HTTPException(400)
        return _answer(await service.take(transaction, raw))

    @router.post("/ping")
    async def ping() -> Response:
        return _answer(200 if service.open else 503)

    @router.get("/users/{user:path}")
    async def users(user: str) -> Response:
        return _answer(200) if service.is_ours(user) else _answer(404, ("M_NOT_FOUND", "There is nobody of this name."))

    @router.get("/rooms/{alias:path}")
    async def rooms() -> Response:
        return _answer(404, ("M_NOT_FOUND", "The bot has no rooms of its own."))

    return router


def _token(request: Request) -> str | None:
    """The token of a request; older homeservers put it into the address."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.query_params.get("access_token")


async def _refused(_request: Request, error: Exception) -> Response:
    return _answer(error.status_code if isinstance(error, Refused) else 500)


def _answer(status: int, explained: tuple[str, str] | None = None) -> Response:
    if status == 200:  # noqa: PLR2004 - HTTP's own number
        return JSONResponse({})
    code, text = explained or _CODES.get(status, _FAILED)
    return JSONResponse({"errcode": code, "error": text}, status)
