"""What a resident can do by pressing a button: small frozen values.

Every action may arrive twice and must then show the same screen, so an action says the state it wants
(`SetAlerts(on=True)`) and never a change (`ToggleAlerts()`). It may also be forged or old: whoever acts on it checks
what this resident may do now.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do or to show."""


# --- finding one's way


@dataclass(frozen=True, slots=True)
class Welcome(Action):
    """The first screen."""


@dataclass(frozen=True, slots=True)
class Home(Action):
    """The menu."""


@dataclass(frozen=True, slots=True)
class Thanked(Action):
    """The menu, for whoever has said thanks."""


@dataclass(frozen=True, slots=True)
class Help(Action):
    """What can be written here."""


@dataclass(frozen=True, slots=True)
class Numbers(Action):
    """Emergency and help numbers."""


@dataclass(frozen=True, slots=True)
class Ask(Action):
    """Invites a "what do I do when…" in free text."""


@dataclass(frozen=True, slots=True)
class Found(Action):
    """What a search found: short names of items, separated by full stops; the words searched for are not kept."""

    urgent: bool
    items: str


@dataclass(frozen=True, slots=True)
class Explain(Action):
    """Says why what was pressed or written led nowhere, and offers ways on."""

    why: str


# --- messages sent unasked

FEWER = "fewer"
"""The place of the button that leads to fewer messages."""


@dataclass(frozen=True, slots=True)
class FromRun(Action):
    """A button of a campaign's message: its place among the campaign's buttons, from 0, or FEWER."""

    run: int
    place: str


@dataclass(frozen=True, slots=True)
class Verify(Action):
    """Whether a message is ours, by the code under it; without one, asks for it."""

    code: str = ""


# --- staff: the way into the console


@dataclass(frozen=True, slots=True)
class Panel(Action):
    """A link that signs a member of the staff in, to whom this chat is linked; nothing for anybody else.

    `nonce` tells one link from another, so that it can be shown again; 0 asks for a new one.
    """

    nonce: int = 0


@dataclass(frozen=True, slots=True)
class LinkChat(Action):
    """Link this chat to the member of the staff who made a one-time link in the console."""

    token: str


# --- staff: a campaign that waits for a second person's yes


@dataclass(frozen=True, slots=True)
class ReadReview(Action):
    """The campaign as it is now, to be read before saying yes."""

    campaign: int


@dataclass(frozen=True, slots=True)
class ApproveCampaign(Action):
    """Say the second yes to what was read, and to nothing newer; asks first unless `sure`."""

    campaign: int
    revision: int
    sure: bool = False


# --- quizzes


@dataclass(frozen=True, slots=True)
class Quizzes(Action):
    """Choose an area."""


@dataclass(frozen=True, slots=True)
class QuizArea(Action):
    """The quizzes of an area, perhaps for one audience; a screenful at a time, from page 0."""

    area: str
    audience: str = ""
    page: int = 0


@dataclass(frozen=True, slots=True)
class QuizAudiences(Action):
    """Choose for whom the quizzes of an area should be."""

    area: str


@dataclass(frozen=True, slots=True)
class QuizIntro(Action):
    """What a quiz is about, how long it is, and its ways in."""

    quiz: str


@dataclass(frozen=True, slots=True)
class StartQuiz(Action):
    """Begin a quiz; `length` questions, 0 for all. `nonce` makes a double press one attempt."""

    quiz: str
    length: int
    nonce: int


@dataclass(frozen=True, slots=True)
class StartMix(Action):
    """Begin a mixture of questions; an empty area means all of them."""

    area: str
    audience: str
    length: int
    nonce: int


@dataclass(frozen=True, slots=True)
class StartLink(Action):
    """Begin the quiz of a shared link."""

    code: str


@dataclass(frozen=True, slots=True)
class ShowQuestion(Action):
    """A question of an attempt, by its position from 0; `picked` holds choices not yet confirmed."""

    attempt: int
    position: int
    picked: str = ""


@dataclass(frozen=True, slots=True)
class Answer(Action):
    """The chosen options of a question, as digits of their places in the content file."""

    attempt: int
    position: int
    chosen: str


@dataclass(frozen=True, slots=True)
class ShowResult(Action):
    """How an attempt went; `asked` when the opt-in that came with it is done with."""

    attempt: int
    asked: bool = False


@dataclass(frozen=True, slots=True)
class RepeatMissed(Action):
    """Begin an attempt of the questions missed in another."""

    attempt: int


# --- quiz links


@dataclass(frozen=True, slots=True)
class ShareQuiz(Action):
    """Make (or show again) this resident's link to a quiz, with its picture."""

    quiz: str


@dataclass(frozen=True, slots=True)
class ShowLink(Action):
    """A link of this resident's, with its picture."""

    code: str


@dataclass(frozen=True, slots=True)
class SharePoster(Action):
    """The one-page poster of a link, as a file."""

    code: str


@dataclass(frozen=True, slots=True)
class ShareWorksheet(Action):
    """The quiz of a link on paper, with its key, as a file."""

    code: str


@dataclass(frozen=True, slots=True)
class ShareTotals(Action):
    """How a link is doing: totals only."""

    code: str


# --- tips


@dataclass(frozen=True, slots=True)
class NextTip(Action):
    """A tip not seen yet, of a topic or of any."""

    topic: str = ""


@dataclass(frozen=True, slots=True)
class ShowTip(Action):
    """One tip; `attempt` is where to go back to a quiz, 0 for none; `urgent` puts 112 before it."""

    tip: str
    attempt: int = 0
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class TipTopics(Action):
    """Choose a topic, of an area or of all."""

    area: str = ""


@dataclass(frozen=True, slots=True)
class RateTip(Action):
    """Say whether a tip was useful; `attempt` is where to go back to a quiz, 0 for none."""

    tip: str
    useful: bool
    attempt: int = 0


# --- workshops


@dataclass(frozen=True, slots=True)
class Workshops(Action):
    """What can be booked, a page at a time."""

    page: int = 0


@dataclass(frozen=True, slots=True)
class ShowWorkshop(Action):
    """The details of a workshop."""

    workshop: int


@dataclass(frozen=True, slots=True)
class Book(Action):
    """Ask for 1–5 places; the name and the contact come next."""

    workshop: int
    places: int


@dataclass(frozen=True, slots=True)
class ShowBooking(Action):
    """Where a booking stands: what is still to be entered (`again`: it could not be used), or what was."""

    workshop: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class CorrectBooking(Action):
    """Enter the name and the contact of a booking anew."""

    workshop: int


@dataclass(frozen=True, slots=True)
class ConfirmBooking(Action):
    """Agree to what was entered: the places are taken, or the waiting list is joined."""

    workshop: int


@dataclass(frozen=True, slots=True)
class CancelBooking(Action):
    """Give places back; asks first unless `sure`."""

    workshop: int
    sure: bool = False


@dataclass(frozen=True, slots=True)
class MyBookings(Action):
    """This resident's bookings."""


# --- settings and consent


@dataclass(frozen=True, slots=True)
class Settings(Action):
    """What is set, and ways to change it."""


@dataclass(frozen=True, slots=True)
class Languages(Action):
    """Choose a language."""


@dataclass(frozen=True, slots=True)
class SetLanguage(Action):
    """Speak this language from now on."""

    language: str


@dataclass(frozen=True, slots=True)
class Topics(Action):
    """Choose areas to hear about."""


@dataclass(frozen=True, slots=True)
class SetTopic(Action):
    """Follow an area, or not."""

    area: str
    on: bool


@dataclass(frozen=True, slots=True)
class TipHours(Action):
    """Choose the hour of the daily tip."""


@dataclass(frozen=True, slots=True)
class SetTipHour(Action):
    """A daily tip at this hour; -1 for none."""

    hour: int


@dataclass(frozen=True, slots=True)
class Districts(Action):
    """Choose a district."""


@dataclass(frozen=True, slots=True)
class SetDistrict(Action):
    """Live in this district; 0 forgets it."""

    district: int


@dataclass(frozen=True, slots=True)
class Ages(Action):
    """Choose an age band."""


@dataclass(frozen=True, slots=True)
class SetAge(Action):
    """Be of this age band; empty forgets it."""

    age: str


@dataclass(frozen=True, slots=True)
class AnsweringWays(Action):
    """Choose how to choose, on channels that have no buttons."""


@dataclass(frozen=True, slots=True)
class SetAnswering(Action):
    """Choose by `numbers`, `poll` or `reactions` from now on."""

    how: str


@dataclass(frozen=True, slots=True)
class Consents(Action):
    """What may be sent unasked: the daily tip, alerts, campaigns, each a choice of its own."""


@dataclass(frozen=True, slots=True)
class SetConsent(Action):
    """Agree to one kind of message (`tips`, `alerts`, `campaigns`), or withdraw.

    `attempt` is the quiz whose result the choice stood under, 0 in the settings.
    """

    kind: str
    on: bool
    attempt: int = 0


# --- privacy


@dataclass(frozen=True, slots=True)
class Privacy(Action):
    """What is kept, why, for how long."""


@dataclass(frozen=True, slots=True)
class Export(Action):
    """Everything kept about this resident, as a file."""


@dataclass(frozen=True, slots=True)
class Erase(Action):
    """Forget this resident; asks first unless `sure`."""

    sure: bool = False
