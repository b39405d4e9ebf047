"""What the makers of the demo city have in hand."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random  # noqa: TID251 - seeded by the caller: the same city every time

from bot.catalogue.library import Library
from bot.storage.bulk import Row
from bot.storage.staff import Role
from bot.storage.vault import Vault

STAFF = {f"demo-{role}": role for role in Role}
"""Who works in the demo city: somebody of each role."""
EDITOR, APPROVER, ORGANISER, PARTNER = "demo-editor", "demo-approver", "demo-organiser", "demo-partner"


@dataclass(slots=True)
class City:
    """Rows by table, as they are made."""

    library: Library
    vault: Vault
    now: datetime
    dice: Random
    first: Mapping[str, int]
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def next_id(self, table: str) -> int:
        """The number of the next row of a table."""
        return self.first[table] + len(self.rows[table])

    def chance(self, share: float) -> bool:
        """Whether something happens that happens this often."""
        return self.dice.random() < share

    def between(self, start: datetime, end: datetime) -> datetime:
        """Some moment, to the second."""
        return start + timedelta(seconds=int(self.dice.random() * (end - start).total_seconds()))
