"""What stands in a message sent unasked, and that a run's message is made once for everybody."""

from datetime import timedelta

from bot.catalogue.library import Shelf
from bot.domain import actions as do
from bot.domain.messages import Link, say
from bot.services.courier import Courier
from bot.services.letters import Stamp, campaign_letter, signed, trial_letter
from bot.services.verify import message_code
from bot.storage.database import Database
from scheduler.model import Campaign, Delivery, Kind, Run, RunState
from tests.sending import LASTS
from tests.support import (
    NOON,
    VAULT,
    FakeSender,
    actions_of,
    add_resident,
    add_workshop,
    book,
    campaign,
    library,
    texts,
)

BOOKS = library()
STAMP = Stamp(7, "7-k3m9p")


def test_a_stamped_letter_ends_with_its_code_and_its_buttons_tell_their_run_and_place() -> None:
    buttons = [
        {"tip": "dropped-since"},
        {"url": "https://example.org/a", "text": texts("Look")},
        {"quiz": "czad"},
    ]
    letter = campaign_letter(BOOKS, campaign(buttons=buttons), STAMP)

    assert letter.blocks[-1] == say("message.code", code="7-k3m9p")
    assert [way for row in letter.rows for way in row if isinstance(way, Link)]
    assert actions_of(letter) == [do.FromRun(7, "2"), do.FromRun(7, do.FEWER), do.Home()]


def test_before_it_is_sent_a_letter_has_no_code_and_its_buttons_do_what_they_say() -> None:
    letter = campaign_letter(BOOKS, campaign(buttons=[{"quiz": "czad"}]))

    assert actions_of(letter) == [do.QuizIntro("czad"), do.Consents(), do.Home()]
    assert len(letter.blocks) == 1


def test_a_trial_bears_no_code_that_could_be_confirmed() -> None:
    letter = trial_letter(BOOKS, 7, campaign(buttons=[{"quiz": "czad"}]))

    assert letter.blocks[0] == say("campaign.test", number=7)
    assert letter.blocks[-1] == say("message.code_test")
    assert not [action for action in actions_of(letter) if isinstance(action, do.FromRun)]


def a_run(number: int, kind: Kind = Kind.TIP, subject: str = "") -> Run:
    return Run(number, f"r{number}", kind, None, subject, NOON, NOON + LASTS, RunState.RUNNING, 1, NOON)


async def test_a_runs_message_is_one_screen_for_all_and_another_runs_is_another(database: Database) -> None:
    async with database.begin() as conn:
        for chat in range(3):
            await add_resident(conn, f"telegram:{chat}", campaigns=True)
    sender = FakeSender()
    courier = Courier(database, Shelf(BOOKS), VAULT, {"telegram": sender}, lambda: NOON)
    written = Campaign(1, Kind.TIP, "t", campaign().model_dump(mode="json"), {}, "ada", NOON, NOON)

    for number in (1, 2):
        batch = [Delivery(number, one, "telegram", f"r:{one}", 1) for one in (1, 2, 3)]
        for parcel in await courier.prepare(batch, a_run(number), written):
            await parcel.send()  # type: ignore[union-attr] # everybody agreed, so none is an outcome yet

    screens = [screen for _, _, screen in sender.sent]
    assert len({id(screen) for screen in screens}) == 2
    assert [screen.blocks[-1] for screen in screens[::3]] == [
        say("message.code", code=message_code(VAULT, number)) for number in (1, 2)
    ]


async def test_tips_and_reminders_bear_their_runs_code_too(database: Database) -> None:
    async with database.begin() as conn:
        ada = await add_resident(conn, tip_hour=12)
        workshop = await add_workshop(conn, starts_at=NOON + timedelta(days=1))
        await book(conn, workshop, ada.id)
    sender = FakeSender()
    courier = Courier(database, Shelf(BOOKS), VAULT, {"telegram": sender}, lambda: NOON)

    for run in (a_run(3, Kind.DAILY_TIP), a_run(4, Kind.REMINDER, f"24h:{workshop}")):
        (parcel,) = await courier.prepare([Delivery(run.id, ada.id, "telegram", "r:1", 1)], run, None)
        await parcel.send()  # type: ignore[union-attr] # as above

    assert [screen.blocks[-1] for _, _, screen in sender.sent] == [
        say("message.code", code=message_code(VAULT, number)) for number in (3, 4)
    ]


def test_signing_leaves_everything_else_as_it_was() -> None:
    letter = campaign_letter(BOOKS, campaign())

    assert signed(letter, "7-k3m9p").blocks[:-1] == letter.blocks
    assert signed(letter, "7-k3m9p").rows == letter.rows
