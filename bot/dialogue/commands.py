"""What can be typed after a slash, in any language, and what it does."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain import actions
from bot.domain.actions import Action

FALLBACK = "en"
"""Whose names are listed in a language that has none of its own."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A command that channels list for people."""

    key: str
    """`command.<key>` describes it in the interface words."""
    action: Action
    names: Mapping[str, str]
    """Language → its name there, in `a-z0-9_` as Telegram has it."""

    def name(self, language: str) -> str:
        """Its name in a language."""
        return self.names.get(language, self.names[FALLBACK])


def _listed(key: str, action: Action, pl: str, uk: str, en: str) -> Listed:
    return Listed(key, action, {"pl": pl, "uk": uk, "en": en})


LISTED = (
    _listed("start", actions.Welcome(), "start", "start", "start"),
    _listed("quiz", actions.Quizzes(), "quiz", "viktoryna", "quiz"),
    _listed("tip", actions.NextTip(), "porada", "porada", "tip"),
    _listed("workshops", actions.Workshops(), "warsztaty", "zaniattia", "workshops"),
    _listed("ask", actions.Ask(), "co_robic", "shcho_robyty", "ask"),
    _listed("numbers", actions.Numbers(), "numery", "nomery", "numbers"),
    _listed("verify", actions.Verify(), "sprawdz", "pereviryty", "verify"),
    _listed("settings", actions.Settings(), "ustawienia", "nalashtuvannia", "settings"),
    _listed("data", actions.Export(), "dane", "dani", "data"),
    _listed("erase", actions.Erase(), "usun", "vydalyty", "erase"),
    _listed("help", actions.Help(), "pomoc", "dopomoha", "help"),
)
"""In the order people see them."""

_MORE: Mapping[Action, tuple[str, ...]] = {
    actions.Home(): ("menu", "меню"),
    actions.Quizzes(): ("quizy", "quizzes", "вікторина"),
    actions.NextTip(): ("porady", "tips", "порада"),
    actions.Workshops(): ("warsztat", "workshop", "maister_klasy", "заняття"),
    actions.MyBookings(): ("zapisy", "bookings", "zapysy", "записи"),
    actions.Ask(): ("corobic", "pytanie", "що_робити"),
    actions.Numbers(): ("112", "номери"),
    actions.Verify(): ("sprawdz_kod", "check", "perevir", "перевірити", "перевір"),
    actions.Settings(): ("налаштування",),
    actions.Languages(): ("jezyk", "mova", "language", "мова"),
    actions.AnsweringWays(): ("odpowiadanie", "vidpovidi", "answering", "відповіді"),
    actions.Consents(): ("stop", "powiadomienia", "notifications", "spovishchennia", "сповіщення"),
    actions.Privacy(): ("prywatnosc", "pryvatnist", "privacy", "приватність"),
    actions.Export(): ("export", "дані"),
    actions.Erase(): ("delete", "видалити"),
    actions.Help(): ("допомога",),
    actions.Panel(): ("panel",),
}
"""Also understood: names by which the same things are looked for, and Cyrillic where a channel can carry it."""

COMMANDS: Mapping[str, Action] = {
    **{name: listed.action for listed in LISTED for name in listed.names.values()},
    **{_name: action for action, names in _MORE.items() for _name in names},
}
"""Name → what it does; look names up with `action_of`."""


def action_of(name: str) -> Action | None:
    """What a command does, however it is written (`USUŃ`, `usun`, `co-robić`); None if there is no such command."""
    return COMMANDS.get(name.lower()) or COMMANDS.get(_folded(name))


def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower().replace("ł", "l").replace("-", "_"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
