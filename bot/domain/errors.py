"""What can go wrong in the rules; an error's docstring is its message."""

from datetime import datetime


class BotError(Exception):
    """Something in the assistant went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class StaleAction(BotError):
    """This button belongs to something that is over, or never was yours."""


class UnknownItem(BotError):
    """There is no such quiz, tip or workshop any more."""


class WorkshopFull(BotError):
    """All places in this workshop are taken."""


class WorkshopClosed(BotError):
    """This workshop has started, or was called off."""


# --- what a channel says of a message we send; `services.courier` decides what follows


class Throttled(BotError):
    """The channel asks us to wait."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__()
        self.retry_at = retry_at


class Blocked(BotError):
    """The resident does not want to hear from us, or is gone."""


class Rejected(BotError):
    """The channel will never take this message."""


class Unreachable(BotError):
    """The channel did not answer, or failed for now; the message was not processed."""


class Unanswered(BotError):
    """The message left, but the answer was lost: it may have been processed."""
