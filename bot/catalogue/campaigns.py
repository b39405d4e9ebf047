"""What a campaign names, and whether its words fit one message."""

from collections.abc import Iterator

from bot.catalogue.markup import length
from bot.catalogue.schema import Campaign
from bot.catalogue.texts import TELEGRAM_CAPTION, TELEGRAM_TEXT, Where

CODE_LINE = 200
"""Characters kept for the line with the code that every message ends with."""


def named(campaign: Campaign) -> Iterator[tuple[str, str, Where]]:
    """Every item it names: its folder, its name, and where that stands."""
    for place, button in enumerate(campaign.buttons):
        if button.quiz:
            yield "quizzes", button.quiz, ("buttons", place, "quiz")
        if button.tip:
            yield "tips", button.tip, ("buttons", place, "tip")
    for field in ("quiz_taken", "quiz_not_taken"):
        if quiz := getattr(campaign.audience, field):
            yield "quizzes", quiz, ("audience", field)


def workshops_of(campaign: Campaign) -> set[int]:
    """The workshops it names by their number, in its buttons and in its audience."""
    audience = campaign.audience.booked, campaign.audience.not_booked
    return {number for number in (*invited_to(campaign), *audience) if isinstance(number, int)}


def invited_to(campaign: Campaign) -> set[int]:
    """The workshops that its buttons lead to."""
    return {button.workshop for button in campaign.buttons if button.workshop}


def room(campaign: Campaign) -> int:
    """Characters its text may have: a picture's caption holds fewer than a message."""
    return (TELEGRAM_CAPTION if campaign.picture else TELEGRAM_TEXT) - CODE_LINE


def overlong(campaign: Campaign) -> Iterator[tuple[str, int]]:
    """Languages in which the text does not fit, each with how many characters it has."""
    for language, text in campaign.text.items():
        if (used := length(text)) > room(campaign):
            yield language, used


def too_long(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """The same, each with what to say of it."""
    fits, kind = room(campaign), "under its picture" if campaign.picture else "in one message"
    for language, used in overlong(campaign):
        yield language, f"the text in {language!r} has {used} characters; {fits} fit {kind}: shorten it"
