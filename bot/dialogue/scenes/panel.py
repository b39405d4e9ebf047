"""The way into the console, for staff: a chat is linked to them by a link from there, and `/panel` in it leads back.

For everybody else there is no such command. The link is made of the nonce with our key: the update that asked for it
may come again, and must then show the same link and make no other.
"""

from collections.abc import Sequence

from bot.dialogue.scenes.parts import MENU, button, column
from bot.dialogue.turn import Turn
from bot.domain import actions as do
from bot.domain.messages import Link, Screen, say
from bot.services import chats, signin
from bot.storage import staff


async def way_in(turn: Turn, action: do.Panel) -> Screen:
    """A link for each member who gets word here; most chats are one person's."""
    names = await staff.names_at(turn.conn, turn.resident.address)
    if not names or not turn.resident.address.is_private:
        return await turn.go(do.Explain("command"))
    nonce = action.nonce or turn.tools.new_number()
    if not action.nonce:
        for name in names:
            await signin.invite(turn.conn, name, _token(turn, name, nonce), turn.now)
    return await _links(turn, names, nonce)


async def _links(turn: Turn, names: Sequence[str], nonce: int) -> Screen:
    tokens = {name: _token(turn, name, nonce) for name in names}
    found = [await signin.pending(turn.conn, token, turn.now) for token in tokens.values()]
    links = [link for link in found if link]
    told = say("panel.link") if links else say("panel.over")
    into = turn.tools.links.sign_in
    ways = [Link(say("panel.open", name=link.member), into(tokens[link.member])) for link in links]
    another = (button("panel.another", do.Panel()), *MENU)
    return Screen(blocks=(told,), rows=(*column(ways), another), here=do.Panel(nonce))


def _token(turn: Turn, name: str, nonce: int) -> str:
    return signin.link_token(turn.tools.vault, "panel", name, str(nonce))


async def link_chat(turn: Turn, action: do.LinkChat) -> Screen:
    """The chat is theirs who made the link; the link is shown nowhere, and is of no use any more."""
    name = await chats.accept(turn.conn, action.token, turn.resident.address, turn.now)
    return Screen(blocks=(say("chat_link.done", name=name),), rows=((button("chat_link.sign_in", do.Panel()), *MENU),))
