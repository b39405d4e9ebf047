"""The registration of an application service: one file with two secrets, which the homeserver reads and so do we.

https://spec.matrix.org/latest/application-service-api/#registration
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.catalogue import source
from bot.domain.errors import BotError

ID = "bezpieczny-krakow"
FIELDS = ("id", "url", "as_token", "hs_token", "sender_localpart")

_NAME = re.compile(r"@?([a-z0-9._-]+)(?::(\S+))?")
_URL = re.compile(r"https?://[^\s/]+\S*")
_HEAD = """\
# Bezpieczny Kraków as an application service of this homeserver. The two tokens are secrets of the homeserver and the
# bot: keep the file from everybody else. The bot reads the same file (BEZPIECZNY_MATRIX__REGISTRATION).
"""


class BadName(BotError):
    """The bot's name is small letters, digits, dots, lines and underscores: `bot` or `@bot:example.org`."""


class BadUrl(BotError):
    """The address at which the homeserver reaches the bot begins with https:// or http://."""


class BadRegistration(BotError):
    """The registration file cannot be used; `bezpieczny matrix registration` writes one."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What the bot needs of it."""

    id: str
    url: str
    """Where the homeserver reaches the bot."""
    as_token: str = field(repr=False)
    """Shows the homeserver that it is us."""
    hs_token: str = field(repr=False)
    """Shows us that it is the homeserver."""
    localpart: str
    """The bot's name, `bot` in `@bot:example.org`."""


def written(url: str, user: str, *, as_token: str, hs_token: str) -> str:
    """The file, as YAML. With the whole name of `user`, it says that nobody else may have it.

    Raises BadName and BadUrl.
    """
    if not _URL.fullmatch(url):
        raise BadUrl
    named = _NAME.fullmatch(user)
    if named is None:
        raise BadName
    local, server = named.groups()
    # Homeservers match from the beginning only, and the account of the same name elsewhere is nobody of ours.
    ours = f"^@{re.escape(local)}:{re.escape(server)}$" if server else None
    fields: dict[str, Any] = {
        "id": ID,
        "url": url.rstrip("/"),
        "as_token": as_token,
        "hs_token": hs_token,
        "sender_localpart": local,
        "rate_limited": False,
        "namespaces": {"users": [{"exclusive": True, "regex": ours}] if ours else [], "aliases": [], "rooms": []},
    }
    return _HEAD + "".join(f"{name}: {json.dumps(value)}\n" for name, value in fields.items())  # JSON is YAML


def read(path: Path) -> Registration:
    """The registration in a file. Raises BadRegistration, in one line, with the place."""
    try:
        told = source.value(source.parse(path.read_bytes()))
    except OSError as error:
        raise BadRegistration(f"{path} cannot be read: {error.strerror}") from None
    except source.SourceError as error:
        line, column = error.place
        raise BadRegistration(f"{path}:{line}:{column}: {error.message}") from None
    return Registration(*(_text(path, told, name) for name in FIELDS))


def _text(path: Path, told: Mapping[Any, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRegistration(f"{path}: `{name}` is missing, or no text; the homeserver and the bot both need it")
    return value
