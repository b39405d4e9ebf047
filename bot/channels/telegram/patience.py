"""How long this channel waits, for what; tests wait less."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. At the stop, turns and then replies get theirs; the whole program has ten."""

    turn: float = 30.0
    """A turn that takes longer is broken off, and its update comes again."""
    batch_replies: float = 2.0
    """How long the replies of a batch of updates may hold up the next batch."""
    webhook_reply: float = 5.0
    """How long a reply may hold up the acknowledgement of an update whose turn is committed."""
    last_turns: float = 5.0
    """What turns in flight get at the stop."""
    last_replies: float = 4.0
    """What replies under way get after that."""
    first_pause: float = 0.5
    """After the first failure in a row; each next pause is twice as long."""
    longest_pause: float = 30.0

    def pause_after(self, failures: int) -> float:
        """How long to wait after so many failures in a row, at least one."""
        return min(self.longest_pause, self.first_pause * 2.0 ** min(failures - 1, 30))
