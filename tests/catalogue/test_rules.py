"""What the house rules refuse, each shown by breaking one thing in a small good folder."""

from pathlib import Path

import pytest

from bot.catalogue.rules.plain import pisarek, sentences, syllables
from tests.catalogue.conftest import QUIZ, TIP, Check, Edit

WORDS = (
    *("alfa", "bravo", "delta", "foka", "gama", "hotel", "india", "kilo", "lima", "metro", "nora", "oskar", "papa"),
    *("rower", "sonda", "tango", "ulica", "wanna", "zorza"),
)
Q, T, P = "quizzes/dym.yaml", "tips/wyjdz.yaml", "programme.yaml"


def said(problems: Check) -> list[str]:
    return [problem.message for problem in problems()]


def test_the_small_folder_has_nothing_wrong(problems: Check) -> None:
    assert problems() == []


# --- reach


def test_a_tip_that_no_question_names(content: Path, problems: Check) -> None:
    (content / "tips" / "samotna.yaml").write_text(TIP.replace("id: wyjdz", "id: samotna"), encoding="utf-8")
    (problem,) = problems()
    assert problem.message.startswith("no question names this tip")
    assert problem.file.endswith("samotna.yaml")


def test_a_picture_that_nothing_shows_or_that_is_missing(content: Path, edit: Edit, problems: Check) -> None:
    (content / "pictures").mkdir()
    (content / "pictures" / "obca.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (content / "pictures" / "zla.png").write_bytes(b"GIF89a")
    assert "nothing shows this picture" in said(problems)
    picture = "picture: {{file: {}.png, alt: {{pl: Dym, uk: Дим, en: Smoke}}}}\n"
    edit(T, "source:", picture.format("brak") + "source:")
    assert "there is no pictures/brak.png; put it there" in said(problems)
    edit(T, "brak.png", "zla.png")
    assert "pictures/zla.png is no PNG picture; save it as one" in said(problems)


def test_a_picture_without_its_words_in_every_language(content: Path, edit: Edit, problems: Check) -> None:
    (content / "pictures").mkdir()
    (content / "pictures" / "dym.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    edit(T, "source:", "picture: {file: dym.png, alt: {pl: Dym, en: Smoke}}\nsource:")
    assert said(problems) == ["`alt` has no 'uk'; translate it"]


# --- dates


@pytest.mark.parametrize(
    "change",
    [
        ("title: Poradnik", "title: Ustawa (Dz.U. 2024 poz. 1)"),
        ('url: "https://straz.example/dym"', 'url: "https://isap.sejm.gov.pl/x"'),
        ("pl: Najpierw ludzie.", "pl: Mandat to 250 zł."),
        ("pl: Najpierw ludzie.", "pl: Dzwoń na 116 111."),
        ("pl: Najpierw ludzie.", "pl: To 30% wypadków."),
    ],
)
def test_law_prices_and_numbers_are_reviewed_within_six_months(
    edit: Edit, problems: Check, change: tuple[str, str]
) -> None:
    edit(Q, "review_on: 2027-05-01", "review_on: 2027-05-28")
    edit(Q, *change)
    assert said(problems) == ["law, prices and numbers change: review this by 2027-05-27, not on 2027-05-28"]
    edit(Q, "2027-05-28", "2027-05-27")
    assert problems() == []


def test_what_does_not_change_may_wait_longer(edit: Edit, problems: Check) -> None:
    edit(Q, "review_on: 2027-05-01", "review_on: 2028-05-28")
    assert problems() == []


# --- fairness


@pytest.mark.parametrize(
    ("language", "text"),
    [("pl", "Wszystkie odpowiedzi"), ("pl", "Żadna z nich"), ("uk", "Усі відповіді"), ("en", "All of the above")],
)
def test_an_answer_that_speaks_of_the_others(edit: Edit, problems: Check, language: str, text: str) -> None:
    edit(Q, {"pl": "Czekam", "uk": "Чекаю", "en": "I wait"}[language], text)
    assert [message[:40] for message in said(problems)] == ["an answer that speaks of the other answe"]


def many(count: int, *, longest: bool, place: int | None) -> str:
    """A quiz file's questions: the right answer the longest or not, in one place or in each in turn."""
    questions = []
    for number in range(count):
        name = f"{WORDS[number % 19]} {WORDS[number * 7 % 19]} {WORDS[number * 3 % 17]} {number}"
        right = number % 2 if place is None else place
        texts = ["ab", "cd"]
        texts[right] = f"{name} dłuższa" if longest else "x"
        texts[1 - right] = name
        options = "".join(
            f"\n      - text: {{pl: {text}, uk: {text}, en: {text}}}"
            f"\n        feedback: {{pl: Bo tak., uk: Бо так., en: It is.}}"
            + ("\n        right: true" if index == right else "")
            for index, text in enumerate(texts)
        )
        questions.append(
            f"  - id: q{number}\n    text: {{pl: {name}?, uk: {name}?, en: {name}?}}\n    options:{options}\n"
            "    explanation: {pl: Bo tak., uk: Бо так., en: It is.}\n"
            '    source: {title: Poradnik, url: "https://straz.example/dym", publisher: Straż}\n'
            "    review_on: 2027-05-01\n    tip: wyjdz\n"
        )
    return "".join(questions)


def fill(content: Path, *, longest: bool, place: int | None) -> None:
    head = QUIZ[: QUIZ.index("questions:")]
    for part in range(3):
        questions = many(60, longest=longest, place=place).split("  - id: ")[1 + 20 * part : 21 + 20 * part]
        text = head.replace("id: dym", f"id: d{part}") + "questions:\n" + "".join(f"  - id: {one}" for one in questions)
        (content / "quizzes" / f"d{part}.yaml").write_text(text, encoding="utf-8")


def of_the_library(problems: Check) -> list[str]:
    return [problem.message for problem in problems() if not problem.line]


def test_a_fair_library(content: Path, problems: Check) -> None:
    fill(content, longest=False, place=None)
    assert of_the_library(problems) == []


def test_the_right_answer_is_too_often_the_longest(content: Path, problems: Check) -> None:
    (content / Q).unlink()
    fill(content, longest=True, place=None)
    messages = of_the_library(problems)
    assert [message[:47] for message in messages] == ["the right answer is the longest in 60 of 60 que"] * 3
    assert "by chance it would be in 30" in messages[0]


def test_the_right_answer_is_too_often_in_one_place(content: Path, problems: Check) -> None:
    fill(content, longest=False, place=1)
    assert [message[:66] for message in of_the_library(problems)] == [
        "of 61 questions with 2 answers 1 have the right one in place 1; ab",
        "of 61 questions with 2 answers 60 have the right one in place 2; a",
    ]


SCAM = """\
  - id: sms-{number}
    kind: scam-or-genuine
    pair: paczka
    text: {{pl: Przychodzi SMS numer {number}., uk: Приходить SMS {number}., en: A text arrives {number}.}}
    exhibit: {{kind: {kind}, sender: {{pl: X, uk: X, en: X}}, text: {{pl: "{text}", uk: "{text}", en: "{text}"}}}}
    options:
      - {{{first}feedback: {{pl: Bo tak., uk: Бо так., en: It is.}}}}
      - {{{second}feedback: {{pl: Bo nie., uk: Бо ні., en: It is not.}}}}
    explanation: {{pl: Sprawdź., uk: Перевірте., en: Check.}}
    source: {{title: Poradnik, url: "https://straz.example/dym", publisher: Straż}}
    review_on: 2027-05-01
    tip: wyjdz
"""


def scam(number: int, *, genuine: bool, kind: str = "sms", text: str = "Odbierz paczkę dzisiaj") -> str:
    marks = ("", "right: true, ") if genuine else ("right: true, ", "")
    return SCAM.format(
        number=number, kind=kind, text=f"{text} {'abcdefgh'[number] * 9}", first=marks[0], second=marks[1]
    )


@pytest.mark.parametrize(
    ("questions", "complaint"),
    [
        (scam(1, genuine=True) + scam(2, genuine=False), None),
        (scam(1, genuine=True), "1 questions share the pair 'paczka'; two should"),
        (scam(1, genuine=True) + scam(2, genuine=True), "of the pair 'paczka' one should be a scam and one genuine"),
        (
            scam(1, genuine=True) + scam(2, genuine=False, kind="email"),
            "the pair 'paczka' does not look alike: its exhibits differ in kind",
        ),
    ],
)
def test_pairs(content: Path, problems: Check, questions: str, complaint: str | None) -> None:
    (content / Q).write_text(QUIZ + questions, encoding="utf-8")
    assert said(problems) == ([complaint] if complaint else [])


# --- twins


def test_a_question_that_reads_like_another(content: Path, edit: Edit, problems: Check) -> None:
    second = QUIZ[QUIZ.index("  - id: pierwsze") :].replace("id: pierwsze", "id: drugie").replace("Wychodzę", "Wyjdę")
    (content / Q).write_text(QUIZ + second, encoding="utf-8")
    (message,) = said(problems)
    assert message.startswith("this question reads like the one in ")
    assert message.endswith("dym.yaml:7; drop one, or ask something else")


# --- terms


@pytest.mark.parametrize(
    ("language", "old", "new", "explained"),
    [
        ("pl", "Najpierw ludzie.", "Smishing jest groźny.", "Smishing, czyli fałszywy SMS, jest groźny."),
        ("pl", "Najpierw ludzie.", "Uważaj na smishing.", "Uważaj na fałszywy SMS (smishing)."),
        ("pl", "Najpierw ludzie.", "AED pomaga.", "AED (defibrylator) pomaga."),
        ("uk", "Спершу люди.", "Смішинг небезпечний.", "Смішинг – це фальшива SMS."),
        ("en", "People first.", "Beware of smishing.", "A fake text is called smishing."),
    ],
)
def test_a_term_without_its_explanation(
    content: Path, edit: Edit, problems: Check, *, language: str, old: str, new: str, explained: str
) -> None:
    terms = "explain: {pl: [smishing, AED], uk: [смішинг], en: [smishing]}\nfamiliar: [SMS]\n"
    (content / "terms.yaml").write_text(terms, encoding="utf-8")
    edit(Q, f"{language}: {old}", f"{language}: {new}")
    (message,) = said(problems)
    assert message.endswith(f"is not explained here in '{language}'; say what it is, or use plainer words")
    edit(Q, f"{language}: {new}", f'{language}: "{explained}"')
    assert problems() == []


def test_an_abbreviation_nobody_listed(content: Path, edit: Edit, problems: Check) -> None:
    (content / "terms.yaml").write_text("explain: {}\nfamiliar: [SMS]\n", encoding="utf-8")
    edit(Q, "pl: Najpierw ludzie.", "pl: Wyślij SMS do PSP.")
    assert said(problems) == ["'PSP' may be strange to readers; write it out, or list it in terms.yaml"]


# --- links


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("https://straz/dym", "the address https://straz/dym has no whole host"),
        ("https://straz.example/dym).", "ends in a punctuation mark; remove it"),
        ("https://ktos:haslo@straz.example/", "holds a user's name; remove it"),
    ],
)
def test_an_address_that_cannot_be_right(edit: Edit, problems: Check, url: str, complaint: str) -> None:
    edit(T, "https://straz.example/dym", url)
    (message,) = said(problems)
    assert complaint in message


def test_an_example_that_could_be_somebodys(content: Path, problems: Check) -> None:
    questions = scam(1, genuine=True) + scam(2, genuine=False, text="Dopłać: https://paczki.pl/x i")
    (content / Q).write_text(QUIZ + questions, encoding="utf-8")
    assert set(said(problems)) == {
        "the example's address https://paczki.pl/x could be somebody's; let it end in .example"
    }


# --- plain language


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("dom", 1), ("auto", 2), ("niania", 2), ("hulajnoga", 4), ("przejście", 2), ("bezpieczeństwo", 4),
        ("ciąża", 2), ("Europa", 3), ("idea", 3), ("piesi", 2), ("w", 0),
    ],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_sentences_end_with_a_mark_or_a_line() -> None:
    text = "**Wyjdź.** Dzwoń: 112. „Kto tam?” Nikt; to [wiatr](https://x.example)\nA potem cisza…"
    assert sentences(text) == ["Wyjdź.", "Dzwoń:", "„Kto tam?", "Nikt;", "to wiatr", "A potem cisza…"]


def test_pisarek_by_hand() -> None:
    """Two sentences of four and six words, one hard word of ten: ½·√(5² + 10²)."""
    assert pisarek(["Kot ma białe łapy. Dziś spał w ogrodzie obok hulajnogi."]) == pytest.approx(5.5902, abs=1e-4)
    assert pisarek([]) == 0


def test_a_long_sentence(edit: Edit, problems: Check) -> None:
    edit(Q, "pl: Najpierw ludzie.", f"pl: {'Kot ' + 'i kot ' * 11}.")
    assert said(problems) == ["the sentence „Kot i kot i kot…” has 23 words; at most 22 suit its audience"]


def test_hard_words(edit: Edit, problems: Check) -> None:
    hard = "Odpowiedzialność administracyjna nieprawidłowości. " * 10
    edit(Q, "pl: Najpierw ludzie.", f"pl: {hard[:300]}.")
    assert any("in Polish this reads at" in message for message in said(problems))


def test_the_youngest_need_the_shortest_sentences(edit: Edit, problems: Check) -> None:
    edit(Q, "pl: Najpierw ludzie.", f"pl: {'Kot ' + 'i kot ' * 6}.")
    assert problems() == []
    edit(Q, "level: 1", "level: 1\naudience: [everyone, pupils-7-9]")
    assert said(problems) == ["the sentence „Kot i kot i kot…” has 13 words; at most 12 suit its audience"]


@pytest.mark.parametrize(("count", "fits"), [(39, False), (40, True), (90, True), (91, False)])
def test_the_length_of_a_tip(edit: Edit, problems: Check, count: int, *, fits: bool) -> None:
    edit(T, "steps: [{pl: Wyjdź., uk: Вийдіть., en: Get out.}]\n", "")
    words = " ".join(["kot."] * count)
    for old in ("Wyjdź i **zadzwoń**.", "Вийдіть і **зателефонуйте**.", "Get out and **call**."):
        edit(T, old, words)
    assert (problems() == []) is fits


# --- aims and parallel forms


def test_a_promise_that_is_not_kept(edit: Edit, problems: Check) -> None:
    edit(P, "aims: {", "aims: {quizzes: 1, questions: 2, ")
    messages = said(problems)
    assert "quizzes in road: 0 of at least 1; write more, or lower the aim" in messages
    assert "questions: 1 of at least 2; write more, or lower the aim" in messages


SURVEY = """\
id: pomiar
area: everyday
title: {pl: Pomiar, uk: Вимір, en: Measure}
about: {pl: Ile już wiesz., uk: Скільки ви знаєте., en: What you know.}
questions:
"""


def survey(content: Path, question: str) -> None:
    (content / "surveys").mkdir()
    (content / "surveys" / "pomiar.yaml").write_text(SURVEY + question, encoding="utf-8")


MEASURING = (
    QUIZ[QUIZ.index("  - id: pierwsze") :]
    .replace("Czujesz dym. Co robisz?", "W kuchni coś się pali. Co najpierw?")
    .replace("Wychodzę", "Zabieram dzieci na dwór")
    .replace("Czekam", "Szukam gaśnicy w piwnicy")
)


@pytest.mark.parametrize(
    ("parallel", "complaint"),
    [
        ("{quiz: dym, question: pierwsze}", None),
        ("{quiz: dym, question: drugie}", "dym has no question 'drugie'; name one that measures the same"),
        ("{quiz: para, question: x}", "there is no quizzes/para.yaml; write it, or name another"),
    ],
)
def test_a_measuring_question_measures_what_is_practised(
    content: Path, problems: Check, parallel: str, complaint: str | None
) -> None:
    survey(content, f"{MEASURING}    parallel: {parallel}\n")
    assert said(problems) == ([complaint] if complaint else [])


def test_a_measuring_question_is_never_a_practised_one(content: Path, problems: Check) -> None:
    practised = QUIZ[QUIZ.index("  - id: pierwsze") :]
    survey(content, f"{practised}    parallel: {{quiz: dym, question: pierwsze}}\n")
    (message,) = said(problems)
    assert message.startswith("this question reads like the one in ")


@pytest.mark.parametrize(
    ("card", "complaint"),
    [("brak", "there is no tips/brak.yaml; write it, or name another"), ("rada", "rada is no card: it has no steps")],
)
def test_what_is_offered_first_is_a_card(content: Path, edit: Edit, problems: Check, card: str, complaint: str) -> None:
    steps = "steps: [{pl: Wyjdź., uk: Вийдіть., en: Get out.}]\n"
    (content / "tips" / "rada.yaml").write_text(
        TIP.replace("id: wyjdz", "id: rada").replace(steps, ""), encoding="utf-8"
    )
    edit(P, "first_cards: []", f"first_cards: [{card}]")
    assert any(message.startswith(complaint) for message in said(problems))
