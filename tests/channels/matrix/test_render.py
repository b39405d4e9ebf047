import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalogue.words import Words
from bot.channels.matrix import markup, render
from bot.domain import actions as do
from bot.domain.messages import Block, Button, File, Link, Markdown, Picture, Plain, Row, Screen, say
from bot.services.blocks import numbered
from tests.channels.contract import HOME, plain, screen
from tests.channels.matrix import html
from tests.channels.telegram.world import words

WORDS: Words = words()


def shown(one: Screen, language: str = "pl") -> tuple[str, str]:
    """Its plain form and its HTML."""
    content = render.message(one, language, WORDS).content
    assert content["msgtype"] == "m.notice"
    assert content["format"] == "org.matrix.custom.html"
    return content["body"], content["formatted_body"]


def of(markdown: str) -> tuple[str, str]:
    return shown(Screen((Markdown({"pl": markdown}),)))


def row(*labels: str) -> Row:
    return tuple(Button(plain(label), do.SetDistrict(number)) for number, label in enumerate(labels))


def answer(letter: str, text: str, number: int = 0) -> Button:
    return Button(plain(letter), do.Answer(1, 0, str(number)), full=plain(f"{letter}. {text}"))


# --- text


@pytest.mark.parametrize(
    ("markdown", "body", "formatted"),
    [
        ("**Dzwoń** _teraz_", "Dzwoń teraz", "<p><strong>Dzwoń</strong> <em>teraz</em></p>"),
        ('a < b & c > d "e"', 'a < b & c > d "e"', '<p>a &lt; b &amp; c &gt; d "e"</p>'),
        ("<script>x</script>", "<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        (
            "[prawo](https://isap.sejm.gov.pl/?a=1&b=2)",
            "prawo <https://isap.sejm.gov.pl/?a=1&b=2>",
            '<p><a href="https://isap.sejm.gov.pl/?a=1&amp;b=2">prawo</a></p>',
        ),
        ("[https://a.pl](https://a.pl)", "https://a.pl", '<p><a href="https://a.pl">https://a.pl</a></p>'),
        ("[zadzwoń](tel:116111)", "zadzwoń <tel:116111>", "<p>zadzwoń (116111)</p>"),
        ("jeden\ndwa", "jeden\ndwa", "<p>jeden<br>dwa</p>"),
        ("jeden\n\ndwa", "jeden\n\ndwa", "<p>jeden</p><p>dwa</p>"),
        (
            "Weź:\n\n- wodę\n- **radio**\n\nKoniec",
            "Weź:\n\n- wodę\n- radio\n\nKoniec",
            "<p>Weź:</p><ul><li>wodę</li><li><strong>radio</strong></li></ul><p>Koniec</p>",
        ),
        ("1. raz\n2. dwa", "1. raz\n2. dwa", "<ol><li>raz</li><li>dwa</li></ol>"),
        ("3. trzy\n4. cztery", "3. trzy\n4. cztery", '<ol start="3"><li>trzy</li><li>cztery</li></ol>'),
        ("- a\n  - b\n- c", "- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        (r"\*gwiazdki\*", "*gwiazdki*", "<p>*gwiazdki*</p>"),
    ],
)
def test_markdown_becomes_plain_text_and_html(markdown: str, body: str, formatted: str) -> None:
    assert of(markdown) == (body, formatted)
    html.read(formatted)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Wszystko skasujesz przez /usun.", "Wszystko skasujesz przez !usun."),
        ("/quiz – quizy\n/co\\_robic – co robić", "!quiz – quizy\n!co_robic – co robić"),
        ("Wpisz **/quiz** albo _/porada_ (/tip)", "Wpisz !quiz albo !porada (!tip)"),
        ("/nieznane i /quizy2", "/nieznane i /quizy2"),
        ("km/quiz, a/b, 24/7", "km/quiz, a/b, 24/7"),
        ("https://a.pl/quiz i //quiz i /quiz/x i /quiz.html", "https://a.pl/quiz i //quiz i /quiz/x i /quiz.html"),
        ("[tu](/quiz)", "tu </quiz>"),
        ("[tu](https://a.pl/quiz)", "tu <https://a.pl/quiz>"),
    ],
)
def test_commands_are_shown_with_the_sign_that_clients_leave_alone(said: str, read: str) -> None:
    assert of(said)[0] == read


def test_what_somebody_typed_is_no_command_of_ours() -> None:
    name = screen("/quiz to ja")
    booked = Screen((say("workshop.summary", n=1, name="/quiz", contact=plain("/usun")),))
    assert shown(name)[0] == "/quiz to ja"
    assert "/quiz" in shown(booked)[0]
    assert "/usun" in shown(booked)[0]


TYPED = st.text(min_size=1).map(lambda text: " ".join(text.replace("\0", "").split())).filter(bool)


@settings(deadline=None)
@given(TYPED, st.sampled_from([plain, lambda text: say("choice.off", name=text)]))
def test_whatever_is_typed_is_shown_as_written(typed: str, block: Any) -> None:
    body, formatted = shown(Screen((block(typed),), ((Button(plain(typed), do.Home()),),)))
    assert typed in body
    assert f"1. {typed}" in body
    assert typed in html.read(formatted).text


# --- choices


def test_choices_are_numbered_lines_below_the_text() -> None:
    body, formatted = shown(Screen((plain("Co robimy?"),), (row("Quiz", "Porada"), (HOME,))))
    assert body == "Co robimy?\n\n1. Quiz\n2. Porada\n3. Menu"
    assert formatted == (
        "<p>Co robimy?</p><p><strong>1.</strong> Quiz<br><strong>2.</strong> Porada<br><strong>3.</strong> Menu</p>"
    )


def test_choices_come_with_their_codes_in_the_order_of_their_numbers() -> None:
    ways = (row("Quiz", "<Porada>"), (Link(plain("Źródło"), "https://a.pl"), HOME))
    message = render.message(Screen((plain("?"),), ways), "pl", WORDS)
    assert message.choices == (("ds:0", "Quiz"), ("ds:1", "<Porada>"), ("ho", "Menu"))


def test_a_question_shows_whole_answers_by_their_letters() -> None:
    ways = ((answer("A", "ja", 0), answer("B", "tramwaj", 1)), (HOME,))
    question = Screen((plain("Kto?"),), ways, legend=(plain("A. ja"), plain("B. tramwaj")))
    body, formatted = shown(question)
    assert body == "Kto?\n\nA. ja\nB. tramwaj\n3. Menu"
    assert "<strong>A.</strong> ja<br><strong>B.</strong> tramwaj<br><strong>3.</strong> Menu" in formatted


def test_an_answer_whose_letter_is_not_its_place_shows_both() -> None:
    legend = tuple(map(plain, ("A. wyjdź", "B. otwórz", "C. dzwoń")))
    ordering = Screen((plain("Po kolei"),), ((answer("B", "otwórz"), answer("C", "dzwoń", 1)),), legend=legend)
    assert shown(ordering)[0] == "Po kolei\n\n☑ A. wyjdź\n\n1. B. otwórz\n2. C. dzwoń"


def test_a_legend_without_whole_answers_stays() -> None:
    buttons = (Button(plain("A"), do.Home()), Button(plain("B"), do.Help()))
    letters = Screen((plain("Kto?"),), (buttons,), legend=(plain("A. ja"), plain("B. tramwaj")))
    assert shown(letters)[0] == "Kto?\n\nA. ja\nB. tramwaj\n\n1. A\n2. B"


def test_a_grid_of_short_choices_takes_a_line_for_each_row() -> None:
    hours = Screen((plain("Kiedy?"),), (row("8:00", "9:00", "10:00"), row("11:00", "12:00"), row("nie"), (HOME,)))
    body, formatted = shown(hours)
    assert body == "Kiedy?\n\n1. 8:00 · 2. 9:00 · 3. 10:00\n4. 11:00 · 5. 12:00\n6. nie\n7. Menu"
    assert "<strong>1.</strong> 8:00 · <strong>2.</strong> 9:00" in formatted


def test_long_choices_in_a_row_have_lines_of_their_own() -> None:
    long = "Wzgórza Krzesławickie"
    assert shown(Screen((plain("?"),), (row("a", "b", long),)))[0] == f"?\n\n1. a\n2. b\n3. {long}"


def test_answers_have_lines_of_their_own_however_short() -> None:
    answers = tuple(answer(letter, word, place) for place, (letter, word) in enumerate(zip("ABC", "xyz", strict=True)))
    assert shown(Screen((plain("?"),), (answers,)))[0] == "?\n\nA. x\nB. y\nC. z"


def test_links_are_links_and_bear_no_number() -> None:
    ways: tuple[Row, ...] = ((Link(plain("Plakat <1>"), "http://localhost:8080/q/A?x=1&y"),), (HOME,))
    body, formatted = shown(Screen((plain("?"),), ways))
    assert body == "?\n\nPlakat <1>: http://localhost:8080/q/A?x=1&y\n\n1. Menu"
    assert html.read(formatted).links == [("http://localhost:8080/q/A?x=1&y", "Plakat <1>")]


def test_a_link_that_clients_drop_shows_its_address() -> None:
    ways: tuple[Row, ...] = ((Link(plain("Otwórz <1>"), "javascript:alert(1)"),),)
    body, formatted = shown(Screen((plain("?"),), ways))
    assert html.read(formatted).links == []
    assert "Otwórz <1>: javascript:alert(1)" in body
    assert "Otwórz <1>: javascript:alert(1)" in html.read(formatted).text


def test_what_is_asked_for_ends_the_screen() -> None:
    body, formatted = shown(Screen((plain("Na jakie imię?"),), ((HOME,),), asks=plain("Imię i nazwisko")))
    assert body == "Na jakie imię?\n\n1. Menu\n\n✏️ Imię i nazwisko"
    assert formatted.endswith("<p>✏️ <em>Imię i nazwisko</em></p>")


@pytest.mark.parametrize("language", WORDS.languages)
def test_numbered_steps_are_not_taken_for_choices(language: str) -> None:
    steps = Screen((Markdown({"pl": "1. Nie gaś wodą.\n2. Wyjdź."}),), ((HOME,),))
    said = WORDS.label(say("matrix.next"), language)
    assert shown(steps, language)[0] == f"1. Nie gaś wodą.\n2. Wyjdź.\n\n{said}\n\n1. Menu"
    assert said not in shown(screen("Wyjdź.", buttons=(HOME,)), language)[0]


@pytest.mark.parametrize("language", WORDS.languages)
def test_the_steps_of_a_card_are_not_taken_for_choices(language: str) -> None:
    card = Screen(tuple(numbered([{"pl": "Nie gaś wodą."}, {"pl": "Wyjdź."}])), ((HOME,),))
    said = WORDS.label(say("matrix.next"), language)
    assert shown(card, language)[0] == f"1. Nie gaś wodą.\n2. Wyjdź.\n\n{said}\n\n1. Menu"


def test_a_number_within_a_text_is_no_step() -> None:
    said = WORDS.label(say("matrix.next"), "pl")
    assert said not in shown(screen("Dzwoń 112. 11 lutego jest jego dzień.", buttons=(HOME,)))[0]


def test_a_screen_without_anything_is_still_a_message() -> None:
    assert shown(Screen(())) == ("", "")


# --- size


def size(content: dict[str, Any]) -> int:
    """As an encrypted event: its letters beyond ASCII are escaped, and Base64 takes a third more."""
    return len(json.dumps(content)) * 4 // 3 + 1_000


@pytest.mark.parametrize("text", ["x" * 900, "щ" * 900, '"\\<&>' * 300, "🔥" * 400])
def test_a_long_text_is_cut_after_a_paragraph_and_keeps_its_choices(text: str) -> None:
    long = Screen(tuple(plain(text) for _ in range(60)), ((HOME,),), asks=plain("Imię"))
    message = render.message(long, "pl", WORDS)
    body = message.content["body"]
    paragraphs = body.split("\n\n")
    assert paragraphs[-3:] == ["…", "1. Menu", "✏️ Imię"]
    assert set(paragraphs[:-3]) == {text}
    assert size(render.edited(message.content, "$" + "e" * 43)) < 65_536
    html.read(message.content["formatted_body"])


def test_many_long_choices_leave_the_text_less_room() -> None:
    ways = tuple((Button(plain(f"{number} " + "щ" * 80), do.Home()),) for number in range(20))
    message = render.message(Screen(tuple(plain("щ" * 900) for _ in range(60)), ways), "pl", WORDS)
    assert message.content["body"].count("щ" * 900) > 1
    assert f"20. 19 {'щ' * 80}" in message.content["body"]
    assert size(render.edited(message.content, "$" + "e" * 43)) < 65_536


@pytest.mark.parametrize("letter", ["x", "щ", "<", "🔥"])
def test_a_paragraph_too_long_in_itself_is_cut_within(letter: str) -> None:
    message = render.message(Screen((plain(letter * 70_000),), ((HOME,),)), "pl", WORDS)
    assert message.content["body"].startswith(letter * 1_000)
    assert message.content["body"].endswith("\n\n…\n\n1. Menu")
    assert size(message.content) < 65_536
    html.read(message.content["formatted_body"])


def test_what_fits_is_whole() -> None:
    texts = [f"{number} " + "x" * 1_900 for number in range(10)]
    assert shown(screen(*texts))[0] == "\n\n".join(texts)


# --- what is everybody's, and what is somebody's


def test_the_words_are_in_the_readers_language() -> None:
    both = Screen((Plain({"pl": "Cześć", "uk": "Привіт"}),), ((Button(say("home.menu"), do.Home()),),))
    assert shown(both, "uk")[0] == "Привіт\n\n1. Меню"
    assert shown(both, "pl")[0] == "Cześć\n\n1. Menu"


def test_what_is_everybodys_is_read_once_and_what_is_somebodys_is_not_kept() -> None:
    def is_kept(block: Block) -> bool:
        return markup.read(block, "pl", WORDS) is markup.read(block, "pl", WORDS)

    assert is_kept(Markdown({"pl": "**Dzwoń** 112"}))
    assert is_kept(say("choice.off", name=plain("Porada")))
    assert not is_kept(say("choice.off", name="Anna"))


# --- edits, threads, files


def content_of(*texts: str) -> dict[str, Any]:
    return render.message(screen(*texts, buttons=(HOME,)), "pl", WORDS).content


def test_an_edit_bears_the_new_screen_and_a_starred_fallback() -> None:
    content = content_of("Nowe")
    assert render.edited(content, "$old") == {
        "msgtype": "m.notice",
        "body": "* Nowe\n\n1. Menu",
        "m.new_content": content,
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$old"},
    }


def test_an_edits_fallback_is_short() -> None:
    assert len(render.edited(content_of("x" * 5_000), "$old")["body"]) < 310


def test_a_thread_is_known_to_clients_without_threads() -> None:
    content = content_of("W wątku")
    assert render.in_thread(content, "$root") == {
        **content,
        "m.relates_to": {
            "rel_type": "m.thread",
            "event_id": "$root",
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": "$root"},
        },
    }
    assert "m.relates_to" not in content


def test_an_edit_stays_an_edit_in_a_thread() -> None:
    edit = render.edited(content_of("Nowe"), "$old")
    assert render.in_thread(edit, "$root") == edit


@pytest.mark.parametrize("uploaded", [{"url": "mxc://a/b"}, {"file": {"url": "mxc://a/b", "key": {}}}])
def test_a_picture_says_what_it_shows(uploaded: dict[str, Any]) -> None:
    image = b"\x89PNG\r\n\x1a\n" + bytes(8) + (120).to_bytes(4) + (80).to_bytes(4)  # all that is read of it
    alt: Block = Plain({"pl": "Kod QR", "en": "QR code"})
    content = render.picture(uploaded, Picture(image, alt), "en", WORDS)
    info = {"mimetype": "image/png", "size": len(image), "w": 120, "h": 80}
    assert content == {"msgtype": "m.image", "body": "QR code", "info": info, **uploaded}


def test_a_file_has_its_name_and_size() -> None:
    content = render.file({"url": "mxc://a/b"}, File("dane.json", b"{}", "application/json"))
    assert content == {
        "msgtype": "m.file",
        "body": "dane.json",
        "filename": "dane.json",
        "info": {"mimetype": "application/json", "size": 2},
        "url": "mxc://a/b",
    }


def test_the_text_of_a_screen_has_no_choices() -> None:
    asked = replace(screen("Kto?", buttons=(HOME,)), asks=plain("Imię"))
    assert render.text(asked, "pl", WORDS) == "Kto?"
