"""A campaign's fields: what is refused, where, and in which words."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.campaigns import named, room, too_long, workshops_of
from bot.catalogue.loader import read_item
from bot.catalogue.markup import length
from bot.catalogue.problems import ContentError
from bot.catalogue.schema import Campaign
from bot.channels.telegram.markup import length as units
from bot.channels.telegram.markup import lines_of
from tests.catalogue.conftest import CAMPAIGN, Check, Edit
from tests.support import campaign, texts

FILE = "campaigns/sezon.yaml"
PNG = b"\x89PNG\r\n\x1a\n"
PICTURE = "picture: {file: zima.png, alt: {pl: Zima, uk: Зима, en: Winter}}\n"


def refused(tmp_path: Path, more: str) -> str:
    """The one complaint about a campaign with more lines in it."""
    file = tmp_path / "c.yaml"
    file.write_text(CAMPAIGN + more, encoding="utf-8")
    with pytest.raises(ContentError) as found:
        read_item(file, Campaign)
    (problem,) = found.value.problems
    return problem.message


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("quiz_taken: dym, quiz_not_taken: dym", "nobody has both finished 'dym' and not; remove one of the two"),
        ("booked: 3, not_booked: 3", "nobody is booked (3) and not booked (3)"),
        ("booked: 3, not_booked: any", "nobody is booked (3) and not booked (any)"),
        ("booked: any, not_booked: any", "nobody is booked (any) and not booked (any)"),
        ("booked: some", "`audience.booked`: name a workshop by its number, or write `any`"),
        ("not_booked: 0", "`audience.not_booked`: name a workshop by its number, or write `any`"),
        ("active_days: 30, silent_days: 30", "nobody wrote within 30 days and has been silent for 30"),
        ("active_days: 0", "`audience.active_days`"),
        ("silent_days: 731", "`audience.silent_days`"),
        ("ages: [old]", "`audience.ages` cannot be 'old'; use '7-9', '10-13', '14-18', '19-64' or '65-plus'"),
        ("channels: [web]", "`audience.channels` cannot be 'web'; use 'telegram' or 'matrix'"),
        ("held_out: 51", "`audience.held_out`"),
        ("held_out: -1", "`audience.held_out`"),
        ("quizz_taken: dym", "`audience.quizz_taken` is no field here; did you mean `quiz_taken`?"),
    ],
)
def test_an_audience_of_nobody_is_refused_in_one_line(tmp_path: Path, asked: str, said: str) -> None:
    assert said in refused(tmp_path, f"audience: {{{asked}}}\n")


@pytest.mark.parametrize("asked", [{"booked": "any", "not_booked": 3}, {"active_days": 31, "silent_days": 30}])
def test_what_only_looks_like_a_contradiction_is_fine(asked: dict[str, object]) -> None:
    assert campaign(audience=asked).audience.model_dump(exclude_defaults=True) == asked


@pytest.mark.parametrize("window", ["0", "169", "day"])
def test_a_window_has_its_bounds(tmp_path: Path, window: str) -> None:
    assert refused(tmp_path, f"window: {window}\n").startswith("`window`")


def test_an_alert_is_kept_from_nobody() -> None:
    with pytest.raises(ValueError, match="an alert is kept from nobody"):
        campaign(kind="alert", audience={"held_out": 10})


@pytest.mark.parametrize(
    ("kind", "said", "joins"),
    [("alert", {}, True), ("news", {}, False), ("alert", {"late_joiners": False}, False),
     ("tip", {"late_joiners": True}, True)],
)  # fmt: skip
def test_alerts_take_late_joiners_unless_the_file_says_otherwise(kind: str, said: dict[str, Any], joins: bool) -> None:
    assert campaign(kind=kind, **said).takes_late_joiners is joins


def test_a_button_leads_to_one_thing() -> None:
    assert campaign(buttons=[{"workshop": 3}]).buttons[0].workshop == 3
    with pytest.raises(ValueError, match="exactly one of: quiz, tip, workshop, workshops, url"):
        campaign(buttons=[{"workshop": 3, "workshops": True}])


def test_all_that_it_names_is_found() -> None:
    one = campaign(
        buttons=[{"workshop": 3}, {"quiz": "a"}, {"tip": "b"}],
        audience={"quiz_taken": "c", "quiz_not_taken": "d", "booked": 4, "not_booked": 5},
    )
    assert [(folder, name) for folder, name, _ in named(one)] == [
        ("quizzes", "a"),
        ("tips", "b"),
        ("quizzes", "c"),
        ("quizzes", "d"),
    ]
    assert workshops_of(one) == {3, 4, 5}
    assert workshops_of(campaign(audience={"booked": "any"})) == set()


# --- how much fits


@pytest.mark.parametrize(("characters", "fits"), [(824, True), (825, False)])
def test_under_a_picture_there_is_less_room(characters: int, fits: bool) -> None:
    picture = {"file": "zima.png", "alt": texts("Winter")}
    words = {"pl": "a" * (characters - 2), "uk": "b", "en": "c"}
    assert (list(too_long(campaign(text=words, picture=picture))) == []) is fits
    assert list(too_long(campaign(text=words))) == []


def test_an_emoji_counts_twice_and_an_address_behind_a_link_not_at_all() -> None:
    picture = {"file": "zima.png", "alt": texts("Winter")}
    emoji, link = {"pl": "😀" * 450}, {"pl": f"[tu](https://{'a' * 900}.example)"}
    assert [language for language, _ in too_long(campaign(text=emoji, picture=picture))] == ["pl"]
    assert list(too_long(campaign(text=link, picture=picture))) == []


pieces = st.sampled_from(
    ["słowo", "**tak**", "😀", "- jedno", "1. raz", "  - w głębi", "[tu](https://a.example)", "", "\\*", "&amp;", "a  "]
)


@given(text=st.lists(pieces, max_size=12).map("\n".join))
def test_never_less_is_said_than_telegram_counts_and_little_more(text: str) -> None:
    lines = lines_of(text)
    counted = sum(units(line.words) + units(line.joint) for line in lines) - (units(lines[0].joint) if lines else 0)
    assert counted <= length(text) <= counted + len(lines) * len("\n\n  99. ")


def test_the_checker_names_language_length_and_limit(content: Path, edit: Edit, problems: Check) -> None:
    (content / "pictures").mkdir()
    (content / "pictures" / "zima.png").write_bytes(PNG)
    edit(FILE, "buttons:", PICTURE + "buttons:")
    assert problems() == []
    edit(FILE, "uk: Перевірте датчик.", f"uk: {'а' * 900}")
    (problem,) = problems()
    assert problem.message == "the text in 'uk' has 902 characters; 824 fit under its picture: shorten it"
    assert (problem.file, problem.line) == (str(content / FILE), 4)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("audience: {quiz_not_taken: brak}\n", "there is no quizzes/brak.yaml; write it, or name another"),
        ("audience: {languages: [pl, de]}\n", "nobody here reads 'de'; use: pl, uk, en"),
        (PICTURE, "there is no pictures/zima.png; put it there"),
        (PICTURE.replace("uk: Зима, ", ""), "`alt` has no 'uk'; translate it"),
    ],
)
def test_the_checker_looks_for_what_is_named(edit: Edit, problems: Check, more: str, said: str) -> None:
    edit(FILE, "buttons:", more + "buttons:")
    assert said in {problem.message for problem in problems()}


def test_a_campaigns_picture_is_shown_by_it(content: Path, edit: Edit, problems: Check) -> None:
    (content / "pictures").mkdir()
    (content / "pictures" / "zima.png").write_bytes(PNG)
    assert [problem.message for problem in problems()] == ["nothing shows this picture"]
    edit(FILE, "buttons:", PICTURE + "buttons:")
    assert problems() == []


def test_a_message_keeps_room_for_its_code() -> None:
    assert room(campaign()) == 4096 - 200
