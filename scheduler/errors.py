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


class NotADay(CalendarError):
    """Write the date as YYYY-MM-DD."""


class NotAWindow(CalendarError):
    """Write the window in hours or days, from 1h to 7d, such as 6h."""


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


class OnlyAlerts(LifecycleError):
    """Only an alert may leave without a second person; this campaign needs an approval."""


class ReasonNeeded(LifecycleError):
    """Say in 10 to 500 characters why it cannot wait for a second person."""


class SlotInPast(LifecycleError):
    """This time has passed."""


class DayInPast(LifecycleError):
    """This date has passed: there is nothing to skip on it."""


class NothingToSkip(LifecycleError):
    """Only a campaign that repeats by a rule has dates to skip."""


class RunOpen(NotAllowed):
    """It is being sent: wait until its run is done, or cancel it."""


class NeverFires(LifecycleError):
    """This rule never comes due."""


class LedgerError(SchedulerError):
    """The ledger cannot do this."""


class UnknownCampaign(LedgerError):
    """There is no such campaign."""


class UnknownRun(LedgerError):
    """There is no such run."""


class NothingFailed(LedgerError):
    """No message of this run has failed: there is nothing to send again."""


class RunNotOver(LedgerError):
    """Only what failed in a run that is running or finished can be sent again."""


class RunNotPaused(LedgerError):
    """This run is not paused."""


class RunOfCampaign(LedgerError):
    """This run belongs to a campaign: resume the campaign."""


class StaleCampaign(LedgerError):
    """Someone else changed this campaign in the meantime. Look at it again."""
