"""Members of the staff, as the scheduler asks for whom a run is for; see `scheduler.ports.Audience`."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, false, select

from bot.domain.residents import ONLY_ANSWERED
from bot.storage.tables import residents, staff
from scheduler.model import Campaign, Run


@dataclass(frozen=True, slots=True)
class Members:
    """Those of these names who have a chat with the bot."""

    names: frozenset[str]

    def select(self, run: Run, campaign: Campaign | None) -> "Select[*tuple[Any, ...]]":  # noqa: ARG002 - the port's
        """Recipient and account of each chat; nobody is held out."""
        theirs = exists().where(
            staff.c.name.in_(self.names), staff.c.channel == residents.c.channel, staff.c.address == residents.c.address
        )
        return select(
            residents.c.id.label("recipient"), residents.c.channel.label("account"), false().label("held_out")
        ).where(residents.c.channel.not_in(ONLY_ANSWERED), residents.c.blocked_at.is_(None), theirs)
