"""What each method does to the state."""

import itertools
import re
from collections.abc import Callable
from typing import Any

from tests.telegram_api import limits
from tests.telegram_api.parameters import BadRequest, Upload
from tests.telegram_api.state import Chat, Message, Profile, Query, bot_json, message_json

Given = dict[str, Any]
ACTIONS = {"typing", "upload_photo", "upload_document", "record_voice", "find_location", "choose_sticker"}


class Refused(Exception):
    """An answer other than 400: its status, description and parameters."""

    def __init__(self, status: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


class Methods:
    """Chats and the methods that act on them; those about updates are the server's."""

    def __init__(self, username: str) -> None:
        self.username = username
        self.chats: dict[int, Chat] = {}
        self.queries: dict[str, Query] = {}
        self.profile = Profile()
        self._numbers = itertools.count(1)
        self._steps = itertools.count(1)
        self.table: dict[str, Callable[[Given], Any]] = {
            "getMe": lambda _: bot_json(self.username),
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendDocument": self._send_document,
            "sendPoll": self._send_poll,
            "editMessageText": self._edit_text,
            "editMessageCaption": self._edit_caption,
            "editMessageReplyMarkup": self._edit_markup,
            "answerCallbackQuery": self._answer_query,
            "sendChatAction": self._chat_action,
            "leaveChat": self._leave_chat,
            "setMyCommands": self._set_commands,
            "getMyCommands": lambda given: self.profile.commands.get(_code(given), []),
            "deleteMyCommands": lambda given: bool(self.profile.commands.pop(_code(given), None)) or True,
            "setMyName": lambda given: self._set("name", 64, given),
            "getMyName": lambda given: self._get("name", given),
            "setMyDescription": lambda given: self._set("description", 512, given),
            "getMyDescription": lambda given: self._get("description", given),
            "setMyShortDescription": lambda given: self._set("short_description", 120, given),
            "getMyShortDescription": lambda given: self._get("short_description", given),
        }

    def reachable(self, chat_id: int) -> Chat:
        """The chat, if the bot may write there."""
        chat = self.chats.get(chat_id)
        if chat is None:
            raise BadRequest("chat not found")
        if chat.migrated_to is not None:
            moved = {"migrate_to_chat_id": chat.migrated_to}
            raise Refused(400, "Bad Request: group chat was upgraded to a supergroup chat", moved)
        if chat.deactivated:
            raise Refused(403, "Forbidden: user is deactivated")
        if chat.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if chat.left:
            raise Refused(403, "Forbidden: bot is not a member of the group chat")
        return chat

    def put(self, chat: Chat, **parts: Any) -> Message:
        """Add a message to a chat."""
        message = Message(next(self._numbers), chat.id, touched=next(self._steps), **parts)
        chat.messages[message.id] = message
        return message

    def _sent(self, given: Given, **parts: Any) -> dict[str, Any]:
        chat = self.reachable(given["chat_id"])
        message = self.put(chat, by_bot=True, keyboard=limits.keyboard(given), sent=given, **parts)
        return message_json(message, chat, self.username)

    def _send_message(self, given: Given) -> Any:
        return self._sent(given, text=limits.text(given), html=given["text"])

    def _send_photo(self, given: Given) -> Any:
        photo = given["photo"]
        if isinstance(photo, Upload) and not photo.content.startswith((b"\x89PNG", b"\xff\xd8")):
            raise BadRequest("IMAGE_PROCESS_FAILED")
        return self._sent(given, photo=photo, caption=limits.caption(given), html=given.get("caption", ""))

    def _send_document(self, given: Given) -> Any:
        document = given["document"]
        if isinstance(document, Upload) and not document.content:
            raise BadRequest("file must be non-empty")
        return self._sent(given, document=document, caption=limits.caption(given), html=given.get("caption", ""))

    def _send_poll(self, given: Given) -> Any:
        options = [one["text"] for one in given["options"]]
        if not 1 <= len(given["question"]) <= 300:
            raise BadRequest("poll question length must be 1-300")
        if not 2 <= len(options) <= 12 or not all(1 <= len(option) <= 100 for option in options):
            raise BadRequest("poll must have 2-12 options of 1-100 characters")
        if given.get("type") == "quiz" and not given.get("correct_option_ids"):
            raise BadRequest("quiz poll must have a correct option")
        if len(given.get("explanation", "")) > 200 or given.get("explanation", "").count("\n") > 2:
            raise BadRequest("poll explanation is too long")
        poll = {
            "id": f"poll{next(self._steps)}",
            "question": given["question"],
            "options": [{"text": option, "voter_count": 0, "persistent_id": option} for option in options],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": given.get("is_anonymous", True),
            "type": given.get("type", "regular"),
            "allows_multiple_answers": given.get("allows_multiple_answers", False),
            "allows_revoting": False,
            "members_only": False,
        }
        return self._sent(given, poll=poll)

    def _own(self, given: Given) -> tuple[Chat, Message]:
        if "chat_id" not in given or "message_id" not in given:
            raise BadRequest("message identifier is not specified")
        chat = self.reachable(given["chat_id"])
        message = chat.messages.get(given["message_id"])
        if message is None:
            raise BadRequest("message to edit not found")
        if not message.by_bot:
            raise BadRequest("message can't be edited")
        return chat, message

    def _edited(self, chat: Chat, message: Message, given: Given, **parts: Any) -> dict[str, Any]:
        wanted = parts | {"keyboard": limits.keyboard(given, inline_only=True)}
        if all(getattr(message, name) == value for name, value in wanted.items()):
            raise BadRequest(
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message"
            )
        for name, value in wanted.items():
            setattr(message, name, value)
        message.sent = given
        message.touched = next(self._steps)
        return message_json(message, chat, self.username)

    def _edit_text(self, given: Given) -> Any:
        chat, message = self._own(given)
        if message.text is None:
            raise BadRequest("there is no text in the message to edit")
        return self._edited(chat, message, given, text=limits.text(given), html=given["text"])

    def _edit_caption(self, given: Given) -> Any:
        chat, message = self._own(given)
        if message.text is not None:
            raise BadRequest("there is no caption in the message to edit")
        return self._edited(chat, message, given, caption=limits.caption(given), html=given.get("caption", ""))

    def _edit_markup(self, given: Given) -> Any:
        chat, message = self._own(given)
        return self._edited(chat, message, given)

    def _answer_query(self, given: Given) -> bool:
        query = self.queries.get(given["callback_query_id"])
        if query is None or query.answers:
            raise BadRequest("query is too old and response timeout expired or query ID is invalid")
        if len(given.get("text", "")) > 200:
            raise BadRequest("MESSAGE_TOO_LONG")
        query.answers.append(given)
        return True

    def _chat_action(self, given: Given) -> bool:
        self.reachable(given["chat_id"])
        if given["action"] not in ACTIONS:
            raise BadRequest("wrong parameter action in request")
        return True

    def _leave_chat(self, given: Given) -> bool:
        chat = self.reachable(given["chat_id"])
        if chat.kind == "private":
            raise BadRequest("chat member status can't be changed in private chats")
        chat.left = True
        return True

    def _set_commands(self, given: Given) -> bool:
        limits.commands(given["commands"])
        self.profile.commands[_code(given)] = given["commands"]
        return True

    def _set(self, what: str, limit: int, given: Given) -> bool:
        if len(given.get(what, "")) > limit:
            raise BadRequest(f"{what} is too long")
        getattr(self.profile, what)[_code(given)] = given.get(what, "")
        return True

    def _get(self, what: str, given: Given) -> dict[str, str]:
        texts: dict[str, str] = getattr(self.profile, what)
        return {what: texts.get(_code(given), texts.get("", ""))}


def check_secret(given: Given) -> None:
    """A webhook's secret: 1–256 of `A-Za-z0-9_-`."""
    if "secret_token" in given and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", given["secret_token"]):
        raise BadRequest("secret token contains unallowed characters")


def _code(given: Given) -> str:
    return limits.language(given.get("language_code", ""))
