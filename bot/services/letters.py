"""What is sent unasked, as screens: campaigns, the daily tip, and word about a workshop.

Nobody asked for them just now, so each says how to get fewer, and leads back into the conversation.
"""

from datetime import datetime

from bot.catalogue.library import Library
from bot.catalogue.schema import Campaign, CampaignButton, Tip
from bot.domain import actions as do
from bot.domain.messages import Block, Button, Link, Markdown, Plain, Row, Screen, say
from bot.domain.reminders import Occasion
from bot.domain.workshops import Booking, Workshop
from bot.services.blocks import tip_blocks, workshop_details
from scheduler.calendar import ZONE

MENU = Button(say("home.menu"), do.Home())


def campaign_letter(library: Library, campaign: Campaign) -> Screen:
    """A campaign as residents see it; a button to an item that the library has dropped is left out."""
    rows: list[Row] = [(way,) for one in campaign.buttons if (way := _way(library, one))]
    return Screen(
        blocks=(Markdown(campaign.text),),
        rows=(*rows, (Button(say("campaign.fewer"), do.Consents()), MENU)),
        replaces=False,
    )


def _way(library: Library, button: CampaignButton) -> Button | Link | None:
    own = Plain(button.text) if button.text else None
    if button.quiz:
        quiz = library.quizzes.get(button.quiz)
        return Button(own or say("tip.quiz", title=Plain(quiz.title)), do.QuizIntro(quiz.id)) if quiz else None
    if button.tip:
        tip = library.tips.get(button.tip)
        return Button(own or Plain(tip.title), do.ShowTip(tip.id)) if tip else None
    if button.workshops:
        return Button(own or say("home.workshops"), do.Workshops())
    return Link(own or Plain({"pl": str(button.url)}), str(button.url))


def trial_letter(library: Library, number: int, campaign: Campaign) -> Screen:
    """The same, plainly marked as a test."""
    letter = campaign_letter(library, campaign)
    return Screen(
        blocks=(say("campaign.test", number=number), *letter.blocks), rows=letter.rows, replaces=letter.replaces
    )


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
    if occasion is Occasion.CALLED_OFF:
        way = Button(say("home.workshops"), do.Workshops())
    return Screen(blocks=(lead, workshop_details(workshop)), rows=((way, MENU),), replaces=False)
