"""Serves the application until told to stop. The only home of uvicorn."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from bot.domain.errors import BotError

FINISH_S = 8
"""Requests under way get this long at the end."""


class PortTaken(BotError):
    """The address to listen on cannot be used."""


class _Quiet(uvicorn.Server):
    """Signals are the program's own business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Server:
    """One listening socket and the application behind it."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._host, self._port = host, port
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # addresses of people are nobody's business
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=FINISH_S,
        )
        self._server = _Quiet(config)
        self._socket: socket.socket | None = None

    def open(self) -> str:
        """Listen; returns the address as a browser on this machine reaches it. Raises PortTaken."""
        try:
            family, *_, where = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)[0]
            self._socket = socket.create_server(where[:2], family=family, backlog=2048)
        except OSError as error:
            raise PortTaken(
                f"Cannot listen on {self._host}:{self._port}: {error.strerror or error}. "
                "Set BEZPIECZNY_HOST and BEZPIECZNY_PORT to a free address."
            ) from error
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`."""
        if self._socket is None:
            raise RuntimeError("open() comes first")
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        self._server.should_exit = True
        await serving
