"""The messengers a broadcast goes through: what differs between them, so that the same chaos runs on each."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.storage.bulk import Row
from tests.matrix_api import MatrixApi
from tests.matrix_api.state import SERVER
from tests.telegram_api import TelegramApi
from tests.telegram_api.server import TOKEN


class OnTelegram:
    """A Bot API. A resident's number is also that of their chat."""

    channel, sending, keyed = "telegram", "sendMessage", False

    def __init__(self, server: TelegramApi | None = None) -> None:
        self.server = server or TelegramApi(record=False)

    @property
    def requests(self) -> int:
        """How many messages the program has tried to send."""
        return self.server.asked[self.sending]

    def settings(self, rate: int) -> dict[str, str]:
        """The program's, to send so many messages a second through it."""
        account = {"TOKEN": TOKEN, "BASE_URL": self.server.base_url, "RATE": str(rate)}
        return {f"BEZPIECZNY_TELEGRAM__{name}": value for name, value in account.items()}

    def address(self, number: int) -> str:
        """A resident's address."""
        return str(number)

    def settle(self, numbers: Iterable[int], now: datetime) -> Mapping[str, list[Row]]:  # noqa: ARG002 - as on Matrix
        """Each resident has an empty chat; returns what the program's database holds of them."""
        for number in numbers:
            self.server.user(number)
        return {}

    def arrived(self, number: int) -> int:
        """How many messages a resident has."""
        return len(self.server.methods.chats[number].messages)


class OnMatrix:
    """A homeserver, on which each resident has a room with the bot."""

    channel, sending, keyed = "matrix", "send", True

    def __init__(self) -> None:
        self.server = MatrixApi()

    @property
    def requests(self) -> int:
        """How many messages the program has tried to send."""
        return self.server.asked[self.sending]

    def settings(self, rate: int) -> dict[str, str]:
        """The program's, to send so many messages a second through it."""
        account = {"HOMESERVER": self.server.base_url, "USER": "bot", "PASSWORD": "pw-bot", "RATE": str(rate)}
        return {f"BEZPIECZNY_MATRIX__{name}": value for name, value in account.items()}

    def address(self, number: int) -> str:
        """A resident's address."""
        return f"@p{number}:{SERVER}"

    def settle(self, numbers: Iterable[int], now: datetime) -> Mapping[str, list[Row]]:
        """Each resident has an empty room; returns what the program's database holds of them."""
        rooms = {number: self.server.person(f"p{number}").meets_bot().id for number in numbers}
        return {
            "matrix_rooms": [
                {"room": room, "person": self.address(number), "encrypted": False, "joined_at": now}
                for number, room in rooms.items()
            ]
        }

    def arrived(self, number: int) -> int:
        """How many messages a resident has."""
        return len(self.server.person(f"p{number}").messages)


Messenger = OnTelegram | OnMatrix
