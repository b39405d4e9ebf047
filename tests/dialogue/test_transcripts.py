"""Replays every conversation in `transcripts/` and compares it word for word."""

from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest

from bot.catalogue.library import Library
from bot.dialogue.actions import ACTIONS
from bot.domain.messages import Button
from tests.dialogue.transcript import FOLDER, Replay

FILES = sorted(FOLDER.glob("*.txt"))
LANGUAGES = ("pl", "uk", "en")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_the_conversation_goes_as_written(
    file: Path, library: Library, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    replay = Replay(file)
    await replay.run(tmp_path, library)
    if request.config.getoption("--write-transcripts", default=False):
        file.write_text(replay.now, encoding="utf-8")
        return
    if replay.now != replay.before:
        pytest.fail("\n".join(_difference(replay)), pytrace=False)


def _difference(replay: Replay) -> Iterator[str]:
    yield f"{replay.file.name} goes otherwise; `pytest tests/dialogue --write-transcripts` writes it down so"
    before, now = replay.before.splitlines(), replay.now.splitlines()
    yield from unified_diff(before, now, "as written", "as it goes now", n=8, lineterm="")


def test_every_scene_is_shown_in_every_language() -> None:
    scenes = {file.name.split(".")[0] for file in FILES}
    missing = [
        f"{scene}.{language}"
        for scene in sorted(scenes)
        for language in LANGUAGES
        if not (FOLDER / f"{scene}.{language}.txt").exists()
    ]
    assert not missing


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_action_is_shown_and_no_screen_is_a_dead_end(
    language: str, library: Library, tmp_path: Path
) -> None:
    shown = set()
    for number, file in enumerate(FOLDER.glob(f"*.{language}.txt")):
        folder = tmp_path / str(number)
        folder.mkdir()
        replay = Replay(file)
        await replay.run(folder, library)
        shown |= replay.actions
        for reply in replay.replies:
            ways = [one for row in reply.screen.rows for one in row if isinstance(one, Button)]
            assert ways, f"{file.name}: no way on from {reply.screen}"
    assert set(ACTIONS.values()) - shown == set()
