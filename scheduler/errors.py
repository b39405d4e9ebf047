"""What the scheduler refuses; the docstring of each class is its message to staff."""


class SchedulerError(Exception):
    """The scheduler cannot do this."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        message = (type(self).__doc__ or "").strip()
        return f"{message} ({self.detail})" if self.detail else message


class CalendarError(SchedulerError):
    """This is not a time the calendar knows."""


class NotATime(CalendarError):
    """Write the time as YYYY-MM-DD HH:MM, in Kraków's time."""


class TimeDoesNotExist(CalendarError):
    """This time does not exist: the clocks go forward over it. Choose an hour later."""


class TimeHappensTwice(CalendarError):
    """This time happens twice: the clocks go back over it. Choose an hour earlier or later."""


class BadCron(CalendarError):
    """Write the rule as five fields: minute, hour, day of month, month, day of week."""


class LifecycleError(SchedulerError):
    """The campaign cannot take this step."""


class NotAllowed(LifecycleError):
    """The campaign's state does not allow this."""


class OwnCampaign(LifecycleError):
    """A campaign is approved by someone other than its author."""


class SlotInPast(LifecycleError):
    """This time has passed."""


class NeverFires(LifecycleError):
    """This rule never comes due."""


class LedgerError(SchedulerError):
    """The ledger cannot do this."""


class UnknownCampaign(LedgerError):
    """There is no such campaign."""


class UnknownRun(LedgerError):
    """There is no such run."""


class StaleCampaign(LedgerError):
    """Someone else changed this campaign in the meantime. Look at it again."""
