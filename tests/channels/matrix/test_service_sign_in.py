"""How the application service says who it is, and asks to be reached; see `tests/matrix` for a real homeserver."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.channels.matrix.appservice import DEVICE, NotReached, UnknownService, ping, sign_in
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.registration import Registration
from bot.channels.matrix.wire import Wire
from bot.domain.errors import BotError, Throttled, Unreachable
from tests.channels.matrix.homeserver import US
from tests.channels.matrix.test_wire import now
from tests.channels.telegram.world import serving

REGISTERED = Registration("bezpieczny", "https://bot.example.org", "a" * 43, "h" * 43, "bot")
WHO, REGISTER, LOGIN = "/_matrix/client/v3/account/whoami", "/_matrix/client/v3/register", "/_matrix/client/v3/login"

Answer = tuple[int, dict[str, Any]]


@dataclass
class Service:
    """A homeserver that knows us by our token; `instead` it answers so."""

    user: str = US
    devices: set[str] = field(default_factory=set)
    named: bool = True
    """Whether an application service may say which device speaks."""
    instead: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    new_devices: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        assert request.headers["Authorization"] == f"Bearer {REGISTERED.as_token}"
        status, body = self.instead.get(request.path) or self._answer(request)
        return web.json_response(body, status=status)

    def _answer(self, request: web.Request) -> Answer:
        if request.path == LOGIN:
            self.devices.add(DEVICE)
            return 200, {}
        device = request.query.get("device_id")
        if device is None or not self.named:
            return 200, {"user_id": self.user}
        if device not in self.devices:
            return 400, {"errcode": "M_UNKNOWN_DEVICE"}
        return 200, {"user_id": self.user, "device_id": device}

    async def new_device(self) -> None:
        self.new_devices += 1

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[Wire]:
        async with serving(self.handle) as url:
            wire = Wire(url, now)
            try:
                yield wire
            finally:
                await wire.close()

    async def signs_in(self) -> tuple[str, dict[str, str]]:
        """Our name, and what each request says of us from then on."""
        async with self.wire() as wire:
            user, _ = await sign_in(wire, REGISTERED, self.new_device)
            return user, dict(wire.speaker)


SPEAKER = {"user_id": US, "device_id": DEVICE}


async def test_at_the_first_start_the_account_and_its_device_are_made() -> None:
    service = Service()
    assert await service.signs_in() == (US, SPEAKER)
    assert service.asked == [WHO, WHO, REGISTER, LOGIN, WHO]
    assert service.new_devices == 1


async def test_later_all_of_it_is_there() -> None:
    service = Service(devices={DEVICE})
    assert await service.signs_in() == (US, SPEAKER)
    assert REGISTER not in service.asked
    assert service.new_devices == 0


async def test_an_account_without_the_device_gets_it() -> None:
    service = Service(instead={REGISTER: (400, {"errcode": "M_USER_IN_USE"})})
    assert await service.signs_in() == (US, SPEAKER)
    assert service.new_devices == 1


@pytest.mark.parametrize("refused", [REGISTER, LOGIN, WHO])
@pytest.mark.parametrize("answer", [(403, {"errcode": "M_FORBIDDEN"}), (400, {"errcode": "M_EXCLUSIVE"})])
async def test_a_homeserver_that_does_not_want_us_is_told_as_such(refused: str, answer: Answer) -> None:
    service = Service(instead={refused: answer})
    with pytest.raises(SignedOut) as raised:
        await service.signs_in()
    assert "refuses the application service" in str(raised.value)


async def test_a_token_that_it_does_not_know_is_told_with_the_setting() -> None:
    with pytest.raises(UnknownService, match="BEZPIECZNY_MATRIX__REGISTRATION"):
        await Service(instead={WHO: (401, {"errcode": "M_UNKNOWN_TOKEN"})}).signs_in()


@pytest.mark.parametrize("user", ["@bot2:example.org", "@robot:example.org", "bot", ""])
async def test_who_is_known_by_another_name_does_not_speak(user: str) -> None:
    with pytest.raises(SignedOut, match="another name"):
        await Service(user=user).signs_in()


async def test_a_homeserver_in_trouble_is_asked_again() -> None:
    with pytest.raises(Unreachable):
        await Service(instead={REGISTER: (502, {})}).signs_in()


async def test_where_a_device_cannot_be_named_it_speaks_without_and_says_so() -> None:
    service = Service(named=False)
    with capture_logs() as logs:
        assert await service.signs_in() == (US, {})
    assert [line["event"] for line in logs] == ["matrix.no_device"]
    assert service.new_devices == 1


# --- whether we are reached

PING = "/_matrix/client/v1/appservice/bezpieczny/ping"


async def pinged(answer: Answer) -> None:
    async with Service(instead={PING: answer}).wire() as wire:
        wire.token = REGISTERED.as_token
        await ping(wire, REGISTERED)


@pytest.mark.parametrize("answer", [(200, {"duration_ms": 3}), (404, {"errcode": "M_UNRECOGNIZED"})])
async def test_a_homeserver_that_reaches_us_or_is_too_old_to_tell_is_fine(answer: Answer) -> None:
    await pinged(answer)


@pytest.mark.parametrize(
    "answer",
    [
        (502, {"errcode": "M_CONNECTION_FAILED"}),
        (504, {"errcode": "M_CONNECTION_TIMEOUT"}),
        (502, {"errcode": "M_BAD_STATUS", "status": 404}),
        (400, {"errcode": "M_URL_NOT_SET"}),
    ],
)
async def test_who_is_not_reached_is_told_that_it_is_their_url(answer: Answer) -> None:
    with pytest.raises(NotReached, match="url"):
        await pinged(answer)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((502, {}), Unreachable),
        ((503, {"errcode": "M_UNKNOWN"}), Unreachable),
        ((429, {"errcode": "M_LIMIT_EXCEEDED"}), Throttled),
        ((401, {"errcode": "M_UNKNOWN_TOKEN"}), SignedOut),
    ],
)
async def test_a_trouble_of_the_homeservers_own_is_not_our_url(answer: Answer, error: type[BotError]) -> None:
    with pytest.raises(error) as raised:
        await pinged(answer)
    assert type(raised.value) is error
