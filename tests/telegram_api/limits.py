"""What Telegram refuses in texts and keyboards."""

import re
from typing import Any
from urllib.parse import urlsplit

from tests.telegram_api import html
from tests.telegram_api.parameters import BadRequest
from tests.telegram_api.state import Keyboard

WAYS = {
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
}
LOOKS = {"text", "style", "icon_custom_emoji_id"}


def shown(raw: str, mode: str | None) -> str:
    """The text after its markup is read. Raises BadRequest."""
    if mode is None:
        return raw.strip()
    if mode.upper() != "HTML":
        raise BadRequest(f"unsupported parse_mode {mode!r}")
    try:
        return html.read(raw).strip()
    except html.BadHtml as error:
        raise BadRequest(str(error)) from None


def text(given: dict[str, Any]) -> str:
    """A message's text: 1–4096 characters."""
    read = shown(given["text"], given.get("parse_mode"))
    if not read:
        raise BadRequest("message text is empty")
    if utf16(read) > 4096:
        raise BadRequest("message is too long")
    return read


def caption(given: dict[str, Any]) -> str | None:
    """A caption, if there is one: at most 1024 characters."""
    if "caption" not in given:
        return None
    read = shown(given["caption"], given.get("parse_mode"))
    if utf16(read) > 1024:
        raise BadRequest("message caption is too long")
    return read


def utf16(read: str) -> int:
    """The length Telegram counts."""
    return len(read.encode("utf-16-le")) // 2


def keyboard(given: dict[str, Any], *, inline_only: bool = False) -> Keyboard:
    """The inline keyboard, if there is one."""
    markup = given.get("reply_markup")
    if markup is None:
        return []
    if "inline_keyboard" not in markup:
        if inline_only or not markup.keys() & {"keyboard", "remove_keyboard", "force_reply"}:
            raise BadRequest("inline keyboard expected")
        return []
    rows: Keyboard = [row for row in markup["inline_keyboard"] if row]
    if any(len(row) > 8 for row in rows) or sum(map(len, rows)) > 100:
        raise BadRequest("reply markup is too long")
    for row in rows:
        for button in row:
            _button(button)
    return rows


def _button(button: dict[str, Any]) -> None:
    if not isinstance(button.get("text"), str) or not button["text"].strip():
        raise BadRequest("text buttons are unallowed in the inline keyboard")
    unknown = button.keys() - WAYS - LOOKS
    if unknown or len(button.keys() & WAYS) != 1:
        raise BadRequest(f"a button leads to exactly one place, known to Telegram: {button}")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise BadRequest("BUTTON_DATA_INVALID")
    if "url" in button:
        parts = urlsplit(button["url"])
        if parts.scheme not in {"http", "https", "tg"} or "." not in (parts.hostname or "."):
            raise BadRequest("BUTTON_URL_INVALID")


def commands(given: list[Any]) -> None:
    """At most 100, each with a name of `a-z0-9_` and a description of at most 256 characters."""
    if len(given) > 100:
        raise BadRequest("BOT_COMMANDS_TOO_MUCH")
    for one in given:
        if one.keys() - {"command", "description", "is_ephemeral"}:
            raise BadRequest("unknown field of a command")
        if not re.fullmatch(r"[a-z0-9_]{1,32}", one["command"]):
            raise BadRequest("BOT_COMMAND_INVALID")
        if not 1 <= len(one["description"]) <= 256:
            raise BadRequest("BOT_COMMAND_DESCRIPTION_INVALID")


def language(code: str) -> str:
    """A language code of two letters, or nothing."""
    if not re.fullmatch(r"([a-z]{2})?", code):
        raise BadRequest("language code invalid")
    return code
