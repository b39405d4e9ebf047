"""The chat in which a member gets word: linked by themselves, with a one-time link that they carry there.

The link is bound to the session that asked for it. A link of somebody who has been signed out or removed since is void.
"""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any

from bot.domain.errors import BotError
from bot.domain.residents import Address
from bot.services.signin import hash_of
from bot.storage import audit, doors
from bot.storage import staff as members
from bot.storage.database import Connection
from bot.storage.doors import ChatLink
from bot.storage.vault import Vault

START = "staff_"
"""How the parameter begins with which the bot is started; the token follows."""
LINK_LASTS = timedelta(minutes=5)


class ChatLinkUnknown(BotError):
    """This is no link of ours for a chat, or a newer one has taken its place."""


class ChatLinkUsed(BotError):
    """This link has linked a chat already."""


class ChatLinkLate(BotError):
    """This link was good for five minutes, and they are over."""


class NoPrivateChat(BotError):
    """Only a private chat in a messenger can be linked."""


def link_token(vault: Vault, session: str, mark: str) -> str:
    """The token of a link, the same whenever that session asks with the same mark; 256 bits.

    43 characters: Telegram takes at most 64 after `start=`, and no others than A-Z, a-z, 0-9, _ and -.
    """
    made = bytes.fromhex(vault.token(f"chat link\n{session}\n{mark}"))
    return urlsafe_b64encode(made).decode().rstrip("=")


async def offer(conn: Connection, token: str, session: str, now: datetime) -> None:
    """Let a token link one chat to the member who is signed in there; their older unused links are void."""
    await doors.add_chat_link(conn, hash_of(token), session, now + LINK_LASTS)


async def look(conn: Connection, token: str) -> ChatLink | None:
    """The link of a token; looking does nothing to it."""
    return await doors.find_chat_link(conn, hash_of(token))


async def accept(conn: Connection, token: str, address: Address, now: datetime) -> str:
    """Link the chat in which a link was opened; returns whose it is now. Opened there again, it changes nothing.

    Raises NoPrivateChat, ChatLinkUnknown, ChatLinkLate, ChatLinkUsed.
    """
    if not address.is_private:
        raise NoPrivateChat
    link = await doors.find_chat_link(conn, hash_of(token))
    if link is None:
        raise ChatLinkUnknown
    if link.used_at is None and link.expires_at <= now:
        raise ChatLinkLate
    if await doors.use_chat_link(conn, hash_of(token), now):
        await _link(conn, link.member, address, now)
    elif link.member not in await members.names_at(conn, address):
        raise ChatLinkUsed
    return link.member


async def _link(conn: Connection, name: str, address: Address, now: datetime) -> None:
    before = await members.chat_of(conn, name)
    await members.set_chat(conn, name, address)
    await audit.add(conn, [audit.Entry(now, name, "link_chat", f"staff:{name}", *changed(before, address))])


def changed(before: Address | None, after: Address | None) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What the audit log keeps of another chat: no address, but that the one before gets no word any more."""
    was = {"channel": before.channel} if before else None
    if after is None:
        return was, None
    return was, {"channel": after.channel} | ({"replaced": True} if before and before != after else {})
