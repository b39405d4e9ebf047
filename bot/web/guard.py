"""What is let in and what goes out: sizes, origins, headers."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM_LIMIT = 16 * 1024
"""Bytes of a posted form."""
FIELDS_LIMIT = 20

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with it browsers also hide where a form comes from, and SameOrigin needs to know.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
"""On every answer, unless the answer says otherwise."""


class SecurityHeaders:
    """Adds HEADERS to what the application answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class SameOrigin:
    """Refuses a form that another site has made the browser send (403).

    Browsers say where a request comes from in `Sec-Fetch-Site`; older ones, and plain http, only in `Origin`. A client
    that says neither is no browser that carries somebody's cookie; and the cookie is SameSite=Lax besides.
    """

    def __init__(self, public_url: str) -> None:
        self._public_host = urlsplit(public_url).netloc

    async def __call__(self, request: Request) -> None:
        """Raises 403 for a foreign form."""
        if request.method in ("GET", "HEAD"):
            return
        site, origin = (request.headers.get(name) for name in ("sec-fetch-site", "origin"))
        if site is not None:
            ours = site in ("same-origin", "none")
        else:
            # A proxy may pass on its own name for us, so the public one counts as well.
            ours = origin is None or urlsplit(origin).netloc in (request.headers.get("host"), self._public_host)
        if not ours:
            raise HTTPException(403)


async def read_body(request: Request, limit: int) -> bytes:
    """The body of a request. Raises 413 as soon as it is longer than `limit` bytes."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > limit:
        raise HTTPException(413)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413)
    return bytes(body)


async def _form(request: Request) -> Mapping[str, str]:
    body = await read_body(request, FORM_LIMIT)
    try:
        pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=FIELDS_LIMIT)
    except ValueError:  # too many fields: no form of ours
        return {}
    return dict(pairs)


Fields = Annotated[Mapping[str, str], Depends(_form)]
"""The fields of a posted form of ours (urlencoded); of a repeated field the last value."""
