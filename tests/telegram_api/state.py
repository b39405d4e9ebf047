"""What the server remembers: chats, their messages, and what was set for the bot."""

from dataclasses import dataclass, field
from typing import Any

from tests.telegram_api.parameters import Upload

Keyboard = list[list[dict[str, Any]]]
BOT_ID = 7_000_000_001
EPOCH = 1_790_000_000
"""The date of every message; nothing here depends on the clock."""


@dataclass
class Message:
    """One message in a chat, in its present state."""

    id: int
    chat: int
    by_bot: bool
    text: str | None = None
    html: str = ""
    caption: str | None = None
    keyboard: Keyboard = field(default_factory=list)
    photo: Upload | str | None = None
    document: Upload | str | None = None
    poll: dict[str, Any] | None = None
    sent: dict[str, Any] = field(default_factory=dict)
    """The parameters it was last sent or edited with."""
    touched: int = 0
    """When it was last sent or edited, in steps of the whole server."""


@dataclass
class Chat:
    """A conversation with one person, or a group."""

    id: int
    kind: str = "private"
    first_name: str = "Kraków"
    language: str = "pl"
    blocked: bool = False
    deactivated: bool = False
    migrated_to: int | None = None
    left: bool = False
    messages: dict[int, Message] = field(default_factory=dict)


@dataclass
class Query:
    """A pressed button that waits for its answer."""

    id: str
    chat: int
    answers: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Profile:
    """What was set for the bot, by language code ("" for all others)."""

    commands: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    name: dict[str, str] = field(default_factory=lambda: {"": "Test"})
    description: dict[str, str] = field(default_factory=dict)
    short_description: dict[str, str] = field(default_factory=dict)


def user_json(chat: Chat) -> dict[str, Any]:
    """The person in a private chat."""
    return {"id": chat.id, "is_bot": False, "first_name": chat.first_name, "language_code": chat.language}


def chat_json(chat: Chat) -> dict[str, Any]:
    """A chat."""
    if chat.kind == "private":
        return {"id": chat.id, "type": "private", "first_name": chat.first_name}
    return {"id": chat.id, "type": chat.kind, "title": "Group"}


def bot_json(username: str) -> dict[str, Any]:
    """The bot itself."""
    return {
        "id": BOT_ID,
        "is_bot": True,
        "first_name": "Test",
        "username": username,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }


def message_json(message: Message, chat: Chat, username: str) -> dict[str, Any]:
    """A message as updates and answers hold it."""
    author = bot_json(username) if message.by_bot else user_json(chat)
    found: dict[str, Any] = {
        "message_id": message.id,
        "date": EPOCH,
        "chat": chat_json(chat),
        "from": {key: value for key, value in author.items() if not key.startswith(("can_", "supports_"))},
    }
    if message.text is not None:
        found["text"] = message.text
    if message.caption is not None:
        found["caption"] = message.caption
    if message.photo is not None:
        found["photo"] = [{"file_id": f"p{message.id}", "file_unique_id": f"p{message.id}", "width": 1, "height": 1}]
    if message.document is not None:
        found["document"] = {"file_id": f"d{message.id}", "file_unique_id": f"d{message.id}"}
    if message.poll is not None:
        found["poll"] = message.poll
    if message.keyboard:
        found["reply_markup"] = {"inline_keyboard": message.keyboard}
    return found
