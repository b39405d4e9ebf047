"""What is being sent, and what became of it: on the page, in the stream and in the file."""

from bot.services import campaigns as desk
from bot.services import results
from bot.storage import presses
from bot.storage.staff import Role
from scheduler.model import Blocked, GiveUp, Sent
from tests.services.test_results import compared
from tests.support import texts
from tests.web.console.campaigning import EDITOR, create, runs_of, sending, settle, url
from tests.web.console.world import Console


async def test_the_stream_tells_how_it_goes_and_ends_when_the_buttons_change(office: Console) -> None:
    made = await sending(office)
    editor = await office.browser(Role.EDITOR)
    page = await editor.get(url(made))
    live = url(made, f"live?revision={made.revision}")
    assert f'data-live="{live}"' in page.text
    async with office.database.begin() as conn:
        await settle(conn, [Sent("1"), Sent("2")], office.now)
        await desk.pause(conn, made.id, who=EDITOR, now=office.now)

    answer = await editor.client.get(live)

    assert answer.headers["content-type"].startswith("text/event-stream")
    told, _, end = answer.text.partition("\n\n")
    assert all(line.startswith("data: ") for line in told.splitlines())
    assert "Done: 2 of 5" in told or "Done: 0 of 5" in told, "what was counted a moment ago may be shown once more"
    assert "on hold" in told
    assert end.startswith("event: end")


async def test_the_numbers_of_a_run_are_a_file_too(office: Console) -> None:
    made = await sending(office, title=texts("=SUM(A1)"))
    (run,) = await runs_of(office, made)
    async with office.database.begin() as conn:
        await settle(conn, [Sent("1"), Blocked(), GiveUp("=1+1")], office.now)
    viewer = await office.browser(Role.VIEWER)

    answer = await viewer.get(url(made, f"runs/{run.id}/csv"))

    assert answer.headers["content-disposition"].startswith('attachment; filename="campaign-1-2026-12-01-1200.csv"')
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert '"deliveries";"sent";1' in lines
    assert '"deliveries";"waiting";2' in lines
    assert '"failures";"\'=1+1";1' in lines
    assert '"campaign";"\'=SUM(A1) (pl)";1' in lines


async def test_a_run_is_found_under_its_own_campaign_alone(office: Console) -> None:
    made, other = await sending(office), await create(office)
    (run,) = await runs_of(office, made)
    viewer = await office.browser(Role.VIEWER)
    for path in (
        url(other, f"runs/{run.id}"),
        url(made, "runs/99"),
        f"/console/campaigns/{2**70}",
        url(made, f"runs/{2**70}"),
    ):
        assert (await viewer.get(path)).status_code == 404, path


async def test_who_got_it_stands_beside_who_was_held_out(console: Console) -> None:
    async with console.database.begin() as conn:
        found = await compared(conn, sent=10, held_out=5)
        for _ in range(3):
            await presses.add(conn, found.run.id, "0")
        await presses.add(conn, found.run.id, results.UNSUBSCRIBED)
    assert found.comparison is not None
    sent, held_out = found.comparison.sent, found.comparison.held_out
    page = f"/console/campaigns/{found.run.campaign_id}/runs/{found.run.id}"
    viewer = await console.browser(Role.VIEWER)

    await viewer.get(page)
    assert f"got the message {100 * sent.share:.1f} % (10 / {sent.people})" in viewer.text
    assert f"held out for comparison {100 * held_out.share:.1f} % (5 / {held_out.people})" in viewer.text
    assert "Counted until 8 Dec 2026, 12:00." in viewer.text
    assert "Quiz: Quiz czad (en) 3" in viewer.text
    assert "Consents withdrawn within 7 days 1" in viewer.text

    lines = (await viewer.get(f"{page}/csv")).content.decode("utf-8-sig").splitlines()
    assert '"presses";"Quiz: Quiz czad (en)";3' in lines
    assert f'"held_out_people";"czad";{held_out.people}' in lines
    assert '"sent_finished_quiz";"czad";10' in lines
