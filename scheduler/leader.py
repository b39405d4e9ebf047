"""One planner among many processes."""

from typing import Protocol


class Leader(Protocol):
    """Who may plan."""

    async def leads(self) -> bool:
        """Whether this process is the one that plans now."""
        ...


class NullLeader:
    """For a single process: it always leads."""

    async def leads(self) -> bool:
        """Yes."""
        return True
