"""What can be made to go wrong."""

import random  # noqa: TID251 - seeded: the same trouble each time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TooMany:
    """429: not processed, with the seconds to wait."""

    retry_after: int = 1


@dataclass(frozen=True)
class ServerError:
    """5xx: not processed."""

    status: int = 502


@dataclass(frozen=True)
class Blocked:
    """403: not processed."""

    description: str = "Forbidden: bot was blocked by the user"


@dataclass(frozen=True)
class Dropped:
    """The connection is closed before anything is processed."""


@dataclass(frozen=True)
class Lost:
    """It is processed, but the connection is closed instead of answering."""


@dataclass(frozen=True)
class Slow:
    """It is processed, and answered after some seconds."""

    seconds: float


Fault = TooMany | ServerError | Blocked | Dropped | Lost | Slow


@dataclass
class Planned:
    """A fault that waits for its requests."""

    fault: Fault
    method: str | None
    times: int


class Weather:
    """Trouble at random: each request meets one of the faults, by its share of all requests, or none.

    The same seed draws the same faults in the same order. After `worst` requests a chat is spared: somebody who waits
    longer after each try would otherwise wait for hours. `met` counts the faults by method.
    """

    def __init__(self, seed: int, shares: Mapping[Fault, float], *, worst: int = 3) -> None:
        self._random = random.Random(seed)  # noqa: S311 - not a secret
        self._shares = dict(shares)
        self._worst = worst
        self._requests: Counter[int | str] = Counter()
        self.met: Counter[tuple[str, Fault]] = Counter()

    def draw(self, method: str, chat: int | str | None = None) -> Fault | None:
        """What the next request of a method, to a chat, meets."""
        place = self._random.random()
        if chat is not None:
            self._requests[chat] += 1
            if self._requests[chat] > self._worst:
                return None
        for fault, share in self._shares.items():
            place -= share
            if place < 0:
                self.met[method, fault] += 1
                return fault
        return None


class RateLimit:
    """Telegram's own limits: so many messages in any second, and bursts to one chat at one a second after them."""

    def __init__(self, per_second: int = 30, *, per_chat_s: float = 1.0, chat_burst: int = 5) -> None:
        self._per_second = per_second
        self._per_chat_s = per_chat_s
        self._chat_burst = chat_burst
        self._all: deque[float] = deque()
        self._chats: dict[int, float] = {}

    def refuses(self, chat: int, now: float) -> bool:
        """Whether a message at `now` (any clock's seconds) is one too many; if not, it counts."""
        while self._all and self._all[0] <= now - 1:
            self._all.popleft()
        full_at = max(self._chats.get(chat, 0.0), now)  # the bucket of the chat, as the instant it will be empty again
        if len(self._all) >= self._per_second or full_at - now > self._per_chat_s * (self._chat_burst - 1):
            return True
        self._all.append(now)
        self._chats[chat] = full_at + self._per_chat_s
        return False
