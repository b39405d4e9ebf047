"""Actions on the wire: `name:argument:argument`, at most 64 bytes, as Telegram's buttons need it."""

import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

from bot.domain import actions
from bot.domain.actions import Action
from bot.domain.errors import BotError

WIRE_LIMIT = 64
"""Bytes; the length of Telegram's `callback_data`."""
LARGEST = 2**31 - 1
"""Numbers stay within what every database holds in an integer column."""
_PLAIN = re.compile(r"[A-Za-z0-9._-]*")
"""Slugs, codes, digits and short names: nothing that a database or a channel could stumble over."""

ACTIONS: dict[str, type[Action]] = {
    "we": actions.Welcome,
    "ho": actions.Home,
    "ty": actions.Thanked,
    "he": actions.Help,
    "nu": actions.Numbers,
    "as": actions.Ask,
    "fo": actions.Found,
    "xx": actions.Explain,
    "fr": actions.FromRun,
    "ve": actions.Verify,
    "pa": actions.Panel,
    "lc": actions.LinkChat,
    "rr": actions.ReadReview,
    "ap": actions.ApproveCampaign,
    "qs": actions.Quizzes,
    "qa": actions.QuizArea,
    "qu": actions.QuizAudiences,
    "qi": actions.QuizIntro,
    "qb": actions.StartQuiz,
    "qm": actions.StartMix,
    "ql": actions.StartLink,
    "qq": actions.ShowQuestion,
    "an": actions.Answer,
    "qr": actions.ShowResult,
    "qx": actions.RepeatMissed,
    "sh": actions.ShareQuiz,
    "sl": actions.ShowLink,
    "sp": actions.SharePoster,
    "st": actions.ShareTotals,
    "sw": actions.ShareWorksheet,
    "tn": actions.NextTip,
    "ti": actions.ShowTip,
    "tt": actions.TipTopics,
    "tr": actions.RateTip,
    "ws": actions.Workshops,
    "wo": actions.ShowWorkshop,
    "bo": actions.Book,
    "bs": actions.ShowBooking,
    "bw": actions.CorrectBooking,
    "bc": actions.ConfirmBooking,
    "bx": actions.CancelBooking,
    "bm": actions.MyBookings,
    "se": actions.Settings,
    "la": actions.Languages,
    "ls": actions.SetLanguage,
    "to": actions.Topics,
    "ts": actions.SetTopic,
    "th": actions.TipHours,
    "hs": actions.SetTipHour,
    "di": actions.Districts,
    "ds": actions.SetDistrict,
    "ag": actions.Ages,
    "gs": actions.SetAge,
    "aw": actions.AnsweringWays,
    "sa": actions.SetAnswering,
    "co": actions.Consents,
    "cs": actions.SetConsent,
    "pr": actions.Privacy,
    "ex": actions.Export,
    "er": actions.Erase,
}
NAMES = {action: name for name, action in ACTIONS.items()}


class BadCode(BotError):
    """This is not the code of any button of ours."""


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"


def _number(text: str) -> int:
    number = int(text)
    if abs(number) > LARGEST:
        raise ValueError(text)
    return number


def _word(text: str) -> str:
    if not _PLAIN.fullmatch(text):
        raise ValueError(text)
    return text


_READ: dict[type, Callable[[str], Any]] = {int: _number, str: _word, bool: _flag}


def _readers_of(action: type[Action]) -> tuple[Callable[[str], Any], ...]:
    hints = get_type_hints(action)
    return tuple(_READ[hints[field.name]] for field in fields(action))


_READERS = {action: _readers_of(action) for action in NAMES}


def encode(action: Action) -> str:
    """An action's code. Raises ValueError if an argument cannot be read back or the code is too long."""
    words = [NAMES[type(action)]]
    for field in fields(action):
        value = getattr(action, field.name)
        words.append(str(int(value)) if isinstance(value, bool) else str(value))
    code = ":".join(words)
    if not all(_PLAIN.fullmatch(word) for word in words) or len(code) > WIRE_LIMIT:
        raise ValueError(f"{type(action).__name__} does not fit on the wire: {code!r}")
    return code


def decode(code: str) -> Action:
    """The action of a code. Raises BadCode for anything `encode` does not make."""
    if len(code) > WIRE_LIMIT:
        raise BadCode
    name, *words = code.split(":")
    action = ACTIONS.get(name)
    if action is None:
        raise BadCode
    readers = _READERS[action]
    if len(words) != len(readers):
        raise BadCode
    try:
        read = action(*(reader(word) for reader, word in zip(readers, words, strict=True)))
    except ValueError as error:
        raise BadCode from error
    if encode(read) != code:  # another spelling of the same: "+1", "٠"
        raise BadCode
    return read
