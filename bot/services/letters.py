"""What is sent unasked, as screens: campaigns, the daily tip, and word about a workshop.

Nobody asked for them just now, so each says how to get fewer, leads back into the conversation, and ends with a code
by which anybody can see that it is ours.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.catalogue.library import Library
from bot.catalogue.schema import Campaign, CampaignButton, Tip
from bot.domain import actions as do
from bot.domain.messages import Block, Button, Link, Markdown, Picture, Plain, Row, Screen, say
from bot.domain.reminders import Occasion
from bot.domain.workshops import Booking, Workshop
from bot.services.blocks import tip_blocks, workshop_details
from scheduler.calendar import ZONE

MENU = Button(say("home.menu"), do.Home())


@dataclass(frozen=True, slots=True)
class Stamp:
    """What ties a message to its run: the same for all its recipients."""

    run: int
    code: str


def signed(letter: Screen, code: str) -> Screen:
    """A letter with its code below."""
    return replace(letter, blocks=(*letter.blocks, say("message.code", code=code)))


def campaign_letter(
    library: Library, campaign: Campaign, stamp: Stamp | None = None, *, closed: Collection[int] = ()
) -> Screen:
    """A campaign as residents see it; a button to what is gone is left out.

    The library may have dropped an item; `closed` are workshops that cannot be booked any more. With a stamp it bears
    the code of its run, and its buttons tell that run of presses.
    """
    there = ((place, one) for place, one in enumerate(campaign.buttons) if one.workshop not in closed)
    ways = [(place, way) for place, one in there if (way := way_of(library, one))]
    fewer = Button(say("campaign.fewer"), do.Consents())
    rows: list[Row] = [(_counted(way, stamp, str(place)),) for place, way in ways]
    letter = Screen(
        blocks=(Markdown(campaign.text),),
        rows=(*rows, (_counted(fewer, stamp, do.FEWER), MENU)),
        picture=_picture(library, campaign),
        replaces=False,
    )
    return signed(letter, stamp.code) if stamp else letter


def _picture(library: Library, campaign: Campaign) -> Picture | None:
    shown = campaign.picture and library.pictures.get(campaign.picture.file)
    return Picture(shown, Plain(campaign.picture.alt)) if shown and campaign.picture else None


def _counted(way: Button | Link, stamp: Stamp | None, place: str) -> Button | Link:
    """A way that tells its run; links lead out of the conversation, where nobody counts."""
    return replace(way, action=do.FromRun(stamp.run, place)) if stamp and isinstance(way, Button) else way


def way_of(library: Library, button: CampaignButton) -> Button | Link | None:
    """Where a campaign's button leads; None if that is gone."""
    own = Plain(button.text) if button.text else None
    if button.quiz:
        quiz = library.quizzes.get(button.quiz)
        return Button(own or say("tip.quiz", title=Plain(quiz.title)), do.QuizIntro(quiz.id)) if quiz else None
    if button.tip:
        tip = library.tips.get(button.tip)
        return Button(own or Plain(tip.title), do.ShowTip(tip.id)) if tip else None
    if button.workshop:
        return Button(own or say("campaign.workshop"), do.ShowWorkshop(button.workshop))
    if button.workshops:
        return Button(own or say("home.workshops"), do.Workshops())
    return Link(own or Plain({"pl": str(button.url)}), str(button.url))


def trial_letter(library: Library, number: int, campaign: Campaign, *, closed: Collection[int] = ()) -> Screen:
    """The same, plainly marked as a test; in place of the code it says that there is none yet."""
    letter = campaign_letter(library, campaign, closed=closed)
    return replace(letter, blocks=(say("campaign.test", number=number), *letter.blocks, say("message.code_test")))


def tip_letter(tip: Tip) -> Screen:
    """The tip of the day."""
    useful, useless = do.RateTip(tip.id, useful=True), do.RateTip(tip.id, useful=False)
    return Screen(
        blocks=tuple(tip_blocks(tip)),
        rows=(
            (Button(say("tip.useful"), useful), Button(say("tip.useless"), useless)),
            (Button(say("daily.change"), do.TipHours()), MENU),
        ),
        replaces=False,
    )


def workshop_letter(occasion: Occasion, workshop: Workshop, booking: Booking, now: datetime) -> Screen:
    """What is new about a booked workshop, when and where it is, and the way out of it."""
    lead: Block = say(f"reminder.{occasion.value}", n=booking.places)
    if occasion is Occasion.DAY_BEFORE and now.astimezone(ZONE).date() == workshop.starts_at.astimezone(ZONE).date():
        lead = say("reminder.today")  # the message is late, and "tomorrow" would be wrong
    way = Button(say("workshop.cancel"), do.CancelBooking(workshop.id))
    if occasion in {Occasion.CALLED_OFF, Occasion.CANCELLED}:
        way = Button(say("home.workshops"), do.Workshops())
    return Screen(blocks=(lead, workshop_details(workshop)), rows=((way, MENU),), replaces=False)


def staff_letter(text: Mapping[str, str], workshop: Workshop) -> Screen:
    """What staff wrote to those who booked a workshop, below what it is about."""
    lead = say("reminder.message", title=Plain(workshop.title), starts=workshop.starts_at)
    way = Button(say("campaign.workshop"), do.ShowWorkshop(workshop.id))
    return Screen(blocks=(lead, Markdown(text)), rows=((way, MENU),), replaces=False)
