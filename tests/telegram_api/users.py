"""People: they write, press buttons, block the bot; and they see what it shows them."""

import asyncio
import itertools
from typing import Any

from tests.telegram_api.methods import Methods
from tests.telegram_api.parameters import Upload
from tests.telegram_api.state import EPOCH, Chat, Message, Query, bot_json, chat_json, message_json, user_json
from tests.telegram_api.updates import Updates

PATIENCE_S = 5.0
_queries = itertools.count(1)


class Seen:
    """A message of the bot, as the person sees it now."""

    def __init__(self, message: Message) -> None:
        self.message_id = message.id
        self.text = message.text if message.text is not None else message.caption or ""
        self.html = message.html
        self.rows = [[button["text"] for button in row] for row in message.keyboard]
        self.buttons = [label for row in self.rows for label in row]
        self.urls = {button["text"]: button["url"] for row in message.keyboard for button in row if "url" in button}
        self.photo = message.photo
        self.document = message.document
        self.sent = message.sent
        self._keyboard = message.keyboard

    def __repr__(self) -> str:
        return f"<{self.message_id}: {self.text!r} {self.rows}>"

    @property
    def file(self) -> Upload:
        """The uploaded document."""
        if isinstance(self.document, Upload):
            return self.document
        raise AssertionError(f"there is no file in {self}")

    def code(self, label: str) -> str:
        """What the button whose label holds these words carries."""
        for button in itertools.chain.from_iterable(self._keyboard):
            if label in button["text"] and "callback_data" in button:
                return str(button["callback_data"])
        raise AssertionError(f"no button {label!r} in {self}")

    def has(self, label: str) -> bool:
        """Whether there is a button with these words to press."""
        return any(label in button["text"] and "callback_data" in button for row in self._keyboard for button in row)


class User:
    """One person and their private chat with the bot.

    What a person does returns once the bot has acknowledged it (`wait=False`: at once), which it does only after it
    has answered or tried to. The acknowledgement of a poll is the next poll.
    """

    def __init__(self, chat: Chat, methods: Methods, updates: Updates) -> None:
        self.chat = chat
        self._methods = methods
        self._updates = updates

    @property
    def id(self) -> int:
        """The number of the person, and of the chat."""
        return self.chat.id

    # --- seeing

    @property
    def messages(self) -> list[Seen]:
        """Everything the bot has shown, in order, in its present state."""
        return [Seen(message) for message in self.chat.messages.values() if message.by_bot]

    @property
    def screen(self) -> Seen:
        """What changed last: the newest message, or one edited since."""
        own = [message for message in self.chat.messages.values() if message.by_bot]
        if not own:
            raise AssertionError("the bot has shown nothing")
        return Seen(max(own, key=lambda message: message.touched))

    @property
    def unanswered(self) -> list[Query]:
        """Pressed buttons that still show their waiting sign."""
        return [query for query in self._methods.queries.values() if query.chat == self.id and not query.answers]

    # --- doing

    async def says(self, text: str, *, wait: bool = True) -> None:
        """Write something."""
        message = self._methods.put(self.chat, by_bot=False, text=text)
        content = message_json(message, self.chat, self._methods.username)
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0])
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        await self.does("message", content, wait=wait)

    async def sends(self, **parts: Any) -> None:
        """Send something else: `sends(sticker={…})`, `sends(pinned_message={…})`."""
        message = self._methods.put(self.chat, by_bot=False)
        await self.does("message", message_json(message, self.chat, self._methods.username) | parts)

    async def presses(self, label: str, *, on: Seen | None = None, wait: bool = True) -> None:
        """Press the button whose label holds these words, on the newest message that has one (or `on` this)."""
        candidates = [on] if on else [self.screen, *reversed(self.messages)]
        seen = next((one for one in candidates if one.has(label)), candidates[0])
        await self.presses_code(seen.code(label), on=seen, wait=wait)

    async def presses_code(
        self, code: str, *, on: Seen | None = None, wait: bool = True, inaccessible: bool = False
    ) -> Query:
        """Send a button's code, forged perhaps; `inaccessible` as for a message too old for Telegram to show."""
        number = (on or self.screen).message_id
        query = Query(f"q{next(_queries)}", self.id)
        self._methods.queries[query.id] = query
        message = self.chat.messages.get(number)
        shown = (
            {"message_id": number, "date": 0, "chat": chat_json(self.chat)}
            if inaccessible or message is None
            else message_json(message, self.chat, self._methods.username)
        )
        content = {"id": query.id, "from": user_json(self.chat), "chat_instance": "1", "data": code, "message": shown}
        await self.does("callback_query", content, wait=wait)
        return query

    async def blocks_bot(self, *, wait: bool = True) -> None:
        """Block the bot: nothing gets through any more, and the bot is told."""
        self.chat.blocked = True
        await self._membership("member", "kicked", wait=wait)

    async def unblocks_bot(self, *, wait: bool = True) -> None:
        """Let the bot write again."""
        self.chat.blocked = False
        await self._membership("kicked", "member", wait=wait)

    def deletes(self, seen: Seen) -> None:
        """Delete a message of the bot from the chat."""
        del self.chat.messages[seen.message_id]

    async def adds_bot_to(self, group: Chat, *, wait: bool = True) -> None:
        """Put the bot into a group."""
        await self._membership("left", "member", group=group, wait=wait)

    async def _membership(self, old: str, new: str, *, wait: bool, group: Chat | None = None) -> None:
        bot = bot_json(self._methods.username)
        content = {
            "chat": chat_json(group or self.chat),
            "from": user_json(self.chat),
            "date": EPOCH,
            "old_chat_member": {"status": old, "user": bot} | ({"until_date": 0} if old == "kicked" else {}),
            "new_chat_member": {"status": new, "user": bot} | ({"until_date": 0} if new == "kicked" else {}),
        }
        await self.does("my_chat_member", content, wait=wait)

    async def does(self, kind: str, content: dict[str, Any], *, wait: bool = True) -> None:
        """Send any update."""
        confirmed = self._updates.push(kind, content, self.id)
        if wait:
            try:
                await asyncio.wait_for(confirmed.wait(), PATIENCE_S)
            except TimeoutError:
                raise AssertionError(f"the bot did not acknowledge {kind} within {PATIENCE_S} s") from None
