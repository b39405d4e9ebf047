"""Arbitrary valid quizzes, nasty characters included."""

from typing import Any

from hypothesis import strategies as st

from bot.catalogue.exchange.hypertext import squeezed
from bot.catalogue.exchange.markdown import canonical
from bot.catalogue.schema import FIXED_CHOICES, ExhibitKind, QuestionKind, Quiz
from bot.domain.areas import Area, Audience

LANGUAGES = ("pl", "uk", "en")
NASTY = [
    *("~", "=", "#", "{", "}", ":", "\\", "\\n", "->", "####", "[html]", "%50%", "//", "::", "$CATEGORY: x", "&amp;"),
    *("<b>", "</p>", "]]>", "<!--", "<span lang='pl' class='multilang'>", '"', "'", ",", ";", "\t", "+1", "-1", "@x"),
    *(
        "**a**",
        "_b_",
        "*",
        "_",
        "[a](https://e.example/x_(y)?a=1&b=2)",
        "- c\n- d",
        "\n\n",
        "\n",
        "1. e",
        "`",
        "¶",
        "🙂",
    ),
    *(
        " ",
        "  ",
        "\xa0",
        "\x85",
        "\u2028",
        "\ufeff",
        "ż",
        "щ",
        "’",
        "null",
        "? ",
        ": ",
        " #",
        "---",
        "|",
        ">-",
        "!x",
        "&y",
    ),
]
CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
"""What YAML can hold, but for line breaks and tabs."""
raw = st.lists(st.sampled_from(NASTY) | CHARACTERS | st.text("abc żщ", max_size=6), min_size=1, max_size=7).map("".join)
plain = raw.filter(lambda text: len(text) <= 60 and squeezed(text).strip() != "")
markdown = raw.filter(lambda text: len(text) <= 150 and len(canonical(text)) <= 300 and canonical(text).strip() != "")
slugs = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
urls = st.sampled_from(
    [
        "https://straz.example/dym",
        "http://e.example/a?b=1&copy=2#c~d",
        "https://e.example/x_(y)/{z}:8080",
        "https://żółw.example/ścieżka?q=%7B%7D",
    ]
)


@st.composite
def quizzes(draw: st.DrawFn, *, complete: bool = False) -> Quiz:
    """A quiz in some of the languages; with `complete`, every text in all three."""

    def texts(text: st.SearchStrategy[str]) -> dict[str, str]:
        codes = LANGUAGES if complete else draw(st.lists(st.sampled_from(LANGUAGES), min_size=1, unique=True))
        return {code: draw(text) for code in codes}

    def option(*, right: bool, fixed: bool) -> dict[str, Any]:
        return {**({} if fixed else {"text": texts(plain)}), "right": right, "feedback": texts(markdown)}

    def question(name: str) -> dict[str, Any]:
        kind = draw(st.sampled_from(QuestionKind))
        fixed = kind in FIXED_CHOICES
        count = 2 if fixed else draw(st.integers(2, 6))
        right = draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=count))
        chosen = set() if kind is QuestionKind.ORDERING else right if kind is QuestionKind.MULTIPLE else {min(right)}
        scam = kind is QuestionKind.SCAM
        exhibit = {"kind": draw(st.sampled_from(ExhibitKind)), "sender": texts(plain), "text": texts(plain)}
        return {
            "id": name,
            "kind": kind,
            "text": texts(plain),
            "exhibit": exhibit if scam else None,
            "pair": draw(st.none() | slugs) if scam else None,
            "options": [option(right=place in chosen, fixed=fixed) for place in range(count)],
            "explanation": texts(markdown),
            "source": {
                "title": draw(plain),
                "url": draw(urls),
                "publisher": draw(plain),
                "press": draw(st.booleans()),
            },
            "review_on": draw(st.dates()),
            "tip": draw(slugs),
        }

    names = draw(st.lists(slugs, min_size=1, max_size=3, unique=True))
    return Quiz.model_validate(
        {
            "id": draw(slugs),
            "area": draw(st.sampled_from(Area)),
            "audience": draw(st.lists(st.sampled_from(Audience), min_size=1, max_size=2, unique=True)),
            "level": draw(st.integers(1, 3)),
            "title": texts(plain),
            "about": texts(plain),
            "questions": [question(name) for name in names],
        }
    )
