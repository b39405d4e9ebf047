"""How requests reach the Bot API: the library's transport port on aiohttp, several times as fast as its own on httpx.

Beyond speed it tells apart what the library's transport does not: whether a request certainly was not processed, so
that it may be sent again, or whether only its answer is missing. No message here holds an address, for the address
holds the token.
"""

import json
from typing import Any

import aiohttp
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

CONNECTIONS = 64
"""At once, to the one host; more would only queue there."""
CONNECT_S = 10.0
"""To wait for a free connection and for its opening."""
READ_S = 20.0
WRITE_S = 20.0
KEEP_IDLE_S = 30.0
"""Idle connections are closed before the other side does it under a request."""

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
GATEWAY_TIMEOUT = 504


class NotSent(NetworkError):
    """The connection failed before the request left."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the Bot API cannot be reached ({reason})")


class ServerFailed(NetworkError):
    """The Bot API answered that it cannot work just now."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the Bot API failed with status {status}")


class AnswerLost(NetworkError):
    """The request left, but the connection broke before an answer came."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the connection broke before the answer ({reason})")


class Flooded(TelegramError):
    """The account has to be silent for a while."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"the Bot API asks for {retry_after_s:g} s of silence")
        self.retry_after_s = retry_after_s


class AiohttpRequest(BaseRequest):
    """One client session with bounded connections; opened on first use or by `initialize`, closed by `shutdown`."""

    def __init__(self, *, connections: int = CONNECTIONS, read_s: float = READ_S, connect_s: float = CONNECT_S) -> None:
        self._connections = connections
        self._read_s = read_s
        self._connect_s = connect_s
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for an answer."""
        return self._read_s

    async def initialize(self) -> None:
        """Open the session."""
        self._opened()

    async def shutdown(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(  # noqa: PLR0917 - the library's port
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 - waiting for a connection is part of connecting
    ) -> tuple[int, bytes]:
        """Send one request and read its answer.

        Raises NotSent, ServerFailed or Flooded when it certainly was not processed, AnswerLost or TimedOut when it
        may have been.
        """
        read_s = _seconds(read_timeout, self._read_s)
        connect_s = _seconds(connect_timeout, self._connect_s)
        timeout = aiohttp.ClientTimeout(
            total=connect_s + _seconds(write_timeout, WRITE_S) + read_s, connect=connect_s, sock_read=read_s
        )
        try:
            async with self._opened().request(method, url, timeout=timeout, **_body(request_data)) as response:
                return _checked(response.status, await response.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise NotSent(type(error).__name__) from None
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError) as error:
            raise AnswerLost(type(error).__name__) from None

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer; unlike the library's own, never logs what it holds."""
        try:
            parsed = json.loads(payload)
        except ValueError:
            raise TelegramError("the answer is not JSON") from None
        if not isinstance(parsed, dict) or ("result" not in parsed and parsed.get("ok") is not False):
            raise TelegramError("the answer is not one of a Bot API; check BEZPIECZNY_TELEGRAM__BASE_URL")
        return parsed

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEP_IDLE_S)
            self._session = aiohttp.ClientSession(connector=connector, headers={"User-Agent": "bezpieczny-krakow"})
        return self._session


def _seconds(given: Any, default: float) -> float:
    """The library passes a number, None for no limit (we always have one), or its own mark for the default."""
    return float(given) if isinstance(given, int | float) else default


def _body(data: RequestData | None) -> dict[str, Any]:
    if data is None:
        return {}
    if not data.contains_files:
        return {"data": data.json_payload, "headers": {"Content-Type": "application/json"}}
    form = aiohttp.FormData(data.json_parameters, quote_fields=False)  # Telegram shows quoted names as they come
    for name, (filename, content, media_type) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=media_type)
    return {"data": form}


def _checked(status: int, payload: bytes) -> tuple[int, bytes]:
    """Pass on what the library explains well; take out what it does not tell apart."""
    if status == GATEWAY_TIMEOUT:  # a proxy gave up waiting for whoever was working on it
        raise AnswerLost(f"status {status}")
    if status >= SERVER_ERROR:
        raise ServerFailed(status)
    if status == TOO_MANY_REQUESTS:
        raise Flooded(_retry_after_s(payload))
    return status, payload


def _retry_after_s(payload: bytes) -> float:
    try:
        return max(1.0, float(json.loads(payload)["parameters"]["retry_after"]))
    except (ValueError, KeyError, TypeError):
        return 1.0
