"""Every problem of every file is named at once, with its place and what to do."""

from pathlib import Path

import pytest

from bot.catalogue.loader import Reader, load
from bot.catalogue.problems import ContentError
from tests.catalogue.conftest import Edit

QUIZ, TIP, CAMPAIGN = "quizzes/dym.yaml", "tips/wyjdz.yaml", "campaigns/sezon.yaml"


def complaints(folder: Path) -> list[str]:
    """What stops the folder from loading: `file:line:column: message`, relative to the folder."""
    with pytest.raises(ContentError) as caught:
        Reader(folder).load()
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_reads_a_folder(content: Path) -> None:
    library = load(content)
    assert list(library.quizzes) == ["dym"]
    assert library.tips["wyjdz"].title["uk"] == "Якщо чути дим"
    assert library.words.languages == ("pl", "uk", "en")
    assert library.search.find("czuję dym", "pl")
    with pytest.raises(TypeError):
        library.quizzes["other"] = library.quizzes["dym"]  # type: ignore[index]


def test_a_start_reads_quickly_what_an_edit_must_keep_to_strictly(content: Path, edit: Edit) -> None:
    """The first reading of a start lets a doubled key pass (`content check` does not); every later one refuses it."""
    edit(TIP, "area: everyday", "area: everyday\narea: everyday")
    reader = Reader(content, strict=False)
    assert set(reader.load().tips) == {"wyjdz"}
    edit(TIP, "topic: fire", "topic: fire\ntopic: fire")
    with pytest.raises(ContentError, match="stands here twice; keep one"):
        reader.load()


def test_what_a_start_cannot_read_quickly_it_reads_slowly(content: Path, edit: Edit) -> None:
    edit(TIP, "{title: Poradnik, url", "&poradnik {title: Poradnik, url")
    assert load(content).tips["wyjdz"].source.title == "Poradnik"
    edit(TIP, "topic: fire", "topic: [fire]")
    with pytest.raises(ContentError, match="`topic` should be text"):
        load(content)


def test_parallel_forms_are_read_and_stay_out_of_practice(content: Path) -> None:
    quiz = (content / QUIZ).read_text(encoding="utf-8")
    head, question = quiz.split("questions:\n")
    survey = f"id: pomiar\n{head.split('level: 1')[0].split(chr(10), 1)[1]}{head.split('level: 1')[1]}questions:\n"
    survey += question.replace("Czujesz dym", "Zerkasz na ekran") + "    parallel: {quiz: dym, question: pierwsze}\n"
    (content / "surveys").mkdir()
    (content / "surveys" / "pomiar.yaml").write_text(survey, encoding="utf-8")
    library = load(content)
    assert library.surveys["pomiar"].questions[0].parallel.quiz == "dym"
    assert set(library.quizzes) == {"dym"}
    assert library.trainers == {"wyjdz": ("dym",)}
    assert library.search.find("zerkasz ekran", "pl") == ()


def test_no_stays_a_word(content: Path, edit: Edit) -> None:
    edit(QUIZ, "en: I wait", "en: no")
    text = load(content).quizzes["dym"].questions[0].options[1].text
    assert text is not None
    assert text["en"] == "no"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (QUIZ, "level: 1", "level: 4", "quizzes/dym.yaml:3:8: `level`: "),
        (QUIZ, "level: 1\n", "", "quizzes/dym.yaml:1:1: `level` is missing; add it"),
        (QUIZ, "level: 1", "levle: 1", "quizzes/dym.yaml:3:1: `levle` is no field here; did you mean `level`?"),
        (QUIZ, "id: dym", "id: Dym", "quizzes/dym.yaml:1:5: `id` cannot be 'Dym'; use lower-case"),
        (QUIZ, "id: dym", "id: para", "quizzes/dym.yaml:1:5: the id is 'para' but the file is called dym.yaml"),
        (QUIZ, "area: everyday", "area: home", "quizzes/dym.yaml:2:7: `area` cannot be 'home'; use 'road', 'everyday'"),
        (QUIZ, "en: Smoke}", "en: 112}", "quizzes/dym.yaml:4:31: `title.en` should be text; put 112 in quotes"),
        (QUIZ, "right: true", "right: false", "quizzes/dym.yaml:7:5: `questions`: no options are marked"),
        (QUIZ, "review_on: 2027-05-01", "review_on: maj", "quizzes/dym.yaml:17:16: `questions.review_on`"),
        (QUIZ, "tip: wyjdz", "tip: zostan", "quizzes/dym.yaml:18:10: there is no tips/zostan.yaml; write it"),
        (
            QUIZ,
            'url: "https://straz.example/dym"',
            "url: straz",
            "quizzes/dym.yaml:16:36: `source.url` should be a whole",
        ),
        (
            TIP,
            "topic: fire",
            "topic: ogien",
            "tips/wyjdz.yaml:3:8: there is no topic 'ogien' in programme.yaml; use one of",
        ),
        (
            TIP,
            "topic: fire",
            "topic: phishing",
            "tips/wyjdz.yaml:3:8: the topic 'phishing' belongs to the area 'cyber'",
        ),
        (
            TIP,
            "area: everyday",
            "area: everyday\narea: road",
            "tips/wyjdz.yaml:3:1: `area` stands here twice; keep one",
        ),
        (
            TIP,
            "pl: Wyjdź i",
            "pl: Uwaga: wyjdź i",
            "tips/wyjdz.yaml:6:12: a colon inside a text; put the text in quotes",
        ),
        (TIP, "  uk: Вийдіть", "\tuk: Вийдіть", "tips/wyjdz.yaml:7:1: a tab; indent with spaces"),
        (TIP, "title: {pl", "title: [pl", "tips/wyjdz.yaml:4:"),
        (TIP, "Poradnik", "Porad\u0007nik", "tips/wyjdz.yaml:10:22: the character U+0007 cannot stand in YAML"),
        (TIP, "area: everyday", "area: !!python/name:os.system everyday", "tips/wyjdz.yaml:2:7: the tag"),
        (QUIZ, "        right: true\n", "", "quizzes/dym.yaml:7:5: `questions`: no options are marked `right: true`"),
        (
            QUIZ,
            "text: {pl: Czekam",
            "right: true\n        text: {pl: Czekam",
            "quizzes/dym.yaml:7:5: `questions`: 2 options",
        ),
        (
            QUIZ,
            "    options:",
            "    kind: ordering\n    options:",
            "quizzes/dym.yaml:7:5: `questions`: an ordering question",
        ),
        (
            QUIZ,
            "    options:",
            "    kind: true-false\n    options:",
            "quizzes/dym.yaml:7:5: `questions`: a true-false question",
        ),
        (
            QUIZ,
            "- text: {pl: Czekam, uk: Чекаю, en: I wait}\n        f",
            "- f",
            "quizzes/dym.yaml:7:5: `questions`: every option",
        ),
        (QUIZ, "pl: Wychodzę", f"pl: {'a' * 101}", "quizzes/dym.yaml:10:15: `options.text`: the text in 'pl' has 101"),
        (QUIZ, "pl: Wychodzę", 'pl: " "', "quizzes/dym.yaml:10:15: `options.text`: the text in 'pl' is empty"),
        (QUIZ, "pl: Wychodzę", "pl: null", "quizzes/dym.yaml:10:20: `text.pl` is empty; write its text"),
        (QUIZ, "id: dym", f"id: {'a' * 33}", "quizzes/dym.yaml:1:5: `id` has 33 characters; at most 32 fit"),
        (
            QUIZ,
            "publisher: Straż",
            'publisher: ""',
            "quizzes/dym.yaml:16:76: `source.publisher` has 0 characters; at least 1",
        ),
        (QUIZ, "{title: Poradnik, url: ", "[", "quizzes/dym.yaml:16:"),
        (
            TIP,
            "area: everyday",
            'call: "1-1-2"\narea: everyday',
            "tips/wyjdz.yaml:2:7: `call` cannot be '1-1-2'; it should",
        ),
        (TIP, "area: everyday", "season: winter\narea: everyday", "tips/wyjdz.yaml:2:9: `season` should be a list"),
        (
            TIP,
            "title: {pl: Gdy czuć dym, uk: Якщо чути дим, en: If you smell smoke}",
            "title: Dym",
            "tips/wyjdz.yaml:4:8: `title` should be a text for each language",
        ),
        (
            TIP,
            "area: everyday",
            "colour: red\narea: everyday",
            "tips/wyjdz.yaml:2:1: `colour` is no field here; remove it",
        ),
        (CAMPAIGN, "quiz: dym", "quiz: para", "campaigns/sezon.yaml:6:11: there is no quizzes/para.yaml"),
        (CAMPAIGN, "tip: wyjdz", "tip: para", "campaigns/sezon.yaml:7:10: there is no tips/para.yaml"),
        (CAMPAIGN, "quiz: dym", "quiz: dym\n    tip: wyjdz", "campaigns/sezon.yaml:6:5: `buttons`"),
        ("programme.yaml", "  road:\n", "  street:\n", "programme.yaml:"),
        ("programme.yaml", "{number: 1, name", "{number: 2, name", "programme.yaml:"),
    ],
)
def test_points_at_the_place(content: Path, edit: Edit, *, file: str, old: str, new: str, said: str) -> None:
    edit(file, old, new)
    assert any(complaint.startswith(said) for complaint in complaints(content)), complaints(content)


def test_two_questions_with_one_id(content: Path, edit: Edit) -> None:
    text = (content / QUIZ).read_text(encoding="utf-8")
    edit(QUIZ, text, text + text[text.index("  - id: pierwsze") :])
    (complaint,) = complaints(content)
    assert complaint.startswith("quizzes/dym.yaml:19:9: two questions have the id 'pierwsze'")


def test_every_area_must_be_there(content: Path) -> None:
    file = content / "programme.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(text[text.index("  cyber:\n    name") : text.index("topics:")], ""), encoding="utf-8")
    assert any("the area 'cyber' is missing" in complaint for complaint in complaints(content))


def test_all_files_are_heard_before_giving_up(content: Path, edit: Edit) -> None:
    edit(QUIZ, "level: 1", "level: 9")
    edit(TIP, "review_on: 2027-05-01", "review_on: soon")
    edit("words/pl.po", 'msgid "hello"', "msgid hello")
    assert {complaint.split(":")[0] for complaint in complaints(content)} == {QUIZ, TIP, "words/pl.po"}


def test_a_reference_to_a_broken_file_is_not_one_to_nothing(content: Path, edit: Edit) -> None:
    edit(TIP, "topic: fire\n", "")
    assert complaints(content) == ["tips/wyjdz.yaml:1:1: `topic` is missing; add it"]


@pytest.mark.parametrize(
    ("content_bytes", "said"),
    [
        (b"id: x\ntitle: \xb1\n", "2:8: the file is not UTF-8"),
        (b"", "1:1: the file should be fields with values"),
        (b"- a\n- b\n", "1:1: the file should be fields with values"),
        (b"a: &x\n  b: *x\n", "nested too deeply"),
        (b"a: 'open\n", "this is not YAML"),
        (b"? {a: b}\n: c\n", "1:3: a field's name should be a word"),
    ],
)
def test_files_that_are_no_content(content: Path, content_bytes: bytes, said: str) -> None:
    (content / TIP).write_bytes(content_bytes)
    (complaint,) = complaints(content)
    assert complaint.startswith(TIP)
    assert said in complaint


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert {complaint.split(":")[0] for complaint in complaints(tmp_path / "none")} >= {"programme.yaml"}


def test_reads_again_only_what_changed(content: Path, edit: Edit) -> None:
    reader = Reader(content)
    before = reader.load()
    assert reader.load().quizzes["dym"] is before.quizzes["dym"]
    edit(QUIZ, "level: 1", "level: 2  # harder")
    after = reader.load()
    assert after.quizzes["dym"].level == 2
    assert after.tips["wyjdz"] is before.tips["wyjdz"]
    assert after.words is before.words
