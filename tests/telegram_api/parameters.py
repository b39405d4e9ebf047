"""Which parameters each method takes, and how a request spells them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


class BadRequest(Exception):
    """400, with what is wrong."""


@dataclass(frozen=True)
class Upload:
    """A file in a multipart request."""

    name: str
    content: bytes
    media_type: str


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[str(value).lower()]


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _list(value: Any) -> list[Any]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise TypeError
    return found


def _object(value: Any) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise TypeError
    return found


def _file(value: Any) -> Upload | str:
    return value if isinstance(value, Upload) else _string(value)


Reader = Callable[[Any], Any]
_ADDRESSED: dict[str, Reader] = {"business_connection_id": _string, "chat_id": _integer}
_SENT: dict[str, Reader] = _ADDRESSED | {
    "message_thread_id": _integer,
    "direct_messages_topic_id": _integer,
    "disable_notification": _flag,
    "protect_content": _flag,
    "allow_paid_broadcast": _flag,
    "message_effect_id": _string,
    "suggested_post_parameters": _object,
    "reply_parameters": _object,
    "reply_markup": _object,
}
_WORDS: dict[str, Reader] = {"parse_mode": _string, "link_preview_options": _object, "entities": _list}
_CAPTION: dict[str, Reader] = {"caption": _string, "parse_mode": _string, "caption_entities": _list}
_EDITED: dict[str, Reader] = _ADDRESSED | {
    "message_id": _integer,
    "inline_message_id": _string,
    "reply_markup": _object,
}
_SCOPED: dict[str, Reader] = {"scope": _object, "language_code": _string}
_POLL: dict[str, Reader] = {
    "question": _string,
    "question_parse_mode": _string,
    "options": _list,
    "is_anonymous": _flag,
    "type": _string,
    "allows_multiple_answers": _flag,
    "correct_option_ids": _list,
    "explanation": _string,
    "explanation_parse_mode": _string,
    "open_period": _integer,
    "close_date": _integer,
    "is_closed": _flag,
}
_NOT_FOR_POLLS = {"suggested_post_parameters", "direct_messages_topic_id"}

METHODS: Mapping[str, Mapping[str, Reader]] = {
    "getMe": {},
    "getUpdates": {"offset": _integer, "limit": _integer, "timeout": _integer, "allowed_updates": _list},
    "setWebhook": {
        "url": _string,
        "ip_address": _string,
        "max_connections": _integer,
        "allowed_updates": _list,
        "drop_pending_updates": _flag,
        "secret_token": _string,
    },
    "deleteWebhook": {"drop_pending_updates": _flag},
    "getWebhookInfo": {},
    "sendMessage": _SENT | _WORDS | {"text": _string},
    "editMessageText": _EDITED | _WORDS | {"text": _string},
    "editMessageReplyMarkup": _EDITED,
    "editMessageCaption": _EDITED | _CAPTION | {"show_caption_above_media": _flag},
    "sendPhoto": _SENT | _CAPTION | {"photo": _file, "show_caption_above_media": _flag, "has_spoiler": _flag},
    "sendDocument": _SENT | _CAPTION | {"document": _file, "thumbnail": _file, "disable_content_type_detection": _flag},
    "sendPoll": {name: read for name, read in (_SENT | _POLL).items() if name not in _NOT_FOR_POLLS},
    "answerCallbackQuery": {
        "callback_query_id": _string,
        "text": _string,
        "show_alert": _flag,
        "url": _string,
        "cache_time": _integer,
    },
    "sendChatAction": _ADDRESSED | {"message_thread_id": _integer, "action": _string},
    "leaveChat": {"chat_id": _integer},
    "setMyCommands": _SCOPED | {"commands": _list},
    "getMyCommands": _SCOPED,
    "deleteMyCommands": _SCOPED,
    "setMyName": {"name": _string, "language_code": _string},
    "getMyName": {"language_code": _string},
    "setMyDescription": {"description": _string, "language_code": _string},
    "getMyDescription": {"language_code": _string},
    "setMyShortDescription": {"short_description": _string, "language_code": _string},
    "getMyShortDescription": {"language_code": _string},
}
"""Method → parameter → reader; those parameters of the Bot API that this server can hold somebody to."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "setWebhook": ("url",),
    "sendMessage": ("chat_id", "text"),
    "editMessageText": ("text",),
    "sendPhoto": ("chat_id", "photo"),
    "sendDocument": ("chat_id", "document"),
    "sendPoll": ("chat_id", "question", "options"),
    "answerCallbackQuery": ("callback_query_id",),
    "sendChatAction": ("chat_id", "action"),
    "leaveChat": ("chat_id",),
    "setMyCommands": ("commands",),
}
_BY_LOWER = {name.lower(): name for name in METHODS}


def method_named(name: str) -> str | None:
    """The method, for names are case-insensitive; None if there is none."""
    return _BY_LOWER.get(name.lower())


def read(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with their types. Raises BadRequest for unknown, misspelt and missing ones."""
    readers = METHODS[method]
    read: dict[str, Any] = {}
    for name, value in given.items():
        if name not in readers:
            raise BadRequest(f"unknown parameter {name!r} of {method}")
        if value is None:
            continue
        try:
            read[name] = readers[name](value)
        except (ValueError, TypeError, KeyError):
            raise BadRequest(f"parameter {name!r} of {method} has a wrong type: {value!r}") from None
    for name in REQUIRED.get(method, ()):
        if name not in read:
            raise BadRequest(f"parameter {name!r} is required")
    return read
