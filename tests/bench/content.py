"""How long a large library takes to load and to search: 10,000 questions, 10,000 items."""

import gc
import random  # noqa: TID251 - seeded: the same made-up library each time
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copytree

from bot.catalogue.library import Library
from bot.catalogue.loader import Reader, load
from bot.catalogue.schema import Tip
from bot.catalogue.search import Search
from tests.bench.report import Section
from tests.catalogue.test_search import ASKED
from tests.support import CONTENT

QUESTIONS = ITEMS = 10_000
NEW_WORDS = 20_000
"""Made for each language, so that the vocabulary grows with the library as a real one's would."""
_WORD = re.compile(r"[^\W\d_]{4,}")


def measure() -> list[Section]:
    """A library of 10,000 questions, and a search among 10,000 items."""
    with tempfile.TemporaryDirectory() as folder:
        made = large_folder(Path(folder) / "content")
        times = [loading(made) for _ in range(3)]
    loads = " / ".join(f"{taken:.2f}" for taken in sorted(taken for taken, _ in times))
    found = searching(large_search())
    finds = f"median {found[len(found) // 2]:.1f}, 95 % {found[int(len(found) * 0.95)]:.1f}, most {found[-1]:.1f} ms"
    rows = (
        (f"load {times[0][1]:,} questions, three times", f"{loads} s", "1.5 s"),
        (f"search {ITEMS:,} items, {len(found)} queries", finds, "5 ms"),
    )
    return [Section("A large library", ("what", "measured", "aim"), rows)]


def large_folder(folder: Path) -> Path:
    """The library's quizzes again and again under other names, until there are enough questions."""
    copytree(CONTENT, folder)
    quizzes = sorted(folder.glob("quizzes/*.yaml"))
    count = sum(text.read_text(encoding="utf-8").count("\n    explanation:") for text in quizzes)
    for number in range(10_000):
        source = quizzes[number % len(quizzes)]
        text = source.read_text(encoding="utf-8")
        name = f"{source.stem[:24]}-{number}"
        (source.parent / f"{name}.yaml").write_text(
            text.replace(f"id: {source.stem}", f"id: {name}", 1), encoding="utf-8"
        )
        count += text.count("\n    explanation:")
        if count >= QUESTIONS:
            return folder
    raise RuntimeError("there is nothing to multiply")


def loading(folder: Path) -> tuple[float, int]:
    """Seconds that a start takes to have the whole library at hand, index and all; and the questions in it."""
    began = time.perf_counter()
    library = Reader(folder, strict=False).load()
    return time.perf_counter() - began, sum(len(quiz.questions) for quiz in library.quizzes.values())


def large_search() -> Search:
    """An index over 10,000 tips, half of whose longer words nobody else uses."""
    rng = random.Random(1)  # noqa: S311 - not a secret
    library = load(CONTENT)
    swap = _swapper(library, rng)
    tips = list(library.tips.values())
    made = [_varied(tips[number % len(tips)], number, swap) for number in range(ITEMS)]
    index = Search([], made, library.programme)
    gc.freeze()  # as a start does with what it has read
    return index


def _swapper(library: Library, rng: random.Random) -> Callable[[str, str], str]:
    made: dict[str, list[str]] = {}
    for code in library.words.languages:
        known = sorted({word for tip in library.tips.values() for word in _WORD.findall(tip.text[code].lower())})
        pairs = ((rng.choice(known), rng.choice(known)) for _ in range(NEW_WORDS))
        made[code] = [first[: len(first) // 2] + last[len(last) // 2 :] for first, last in pairs]

    def swap(text: str, code: str) -> str:
        return _WORD.sub(lambda word: word[0] if rng.random() < 0.5 else rng.choice(made[code]), text)

    return swap


def _varied(tip: Tip, number: int, swap: Callable[[str, str], str]) -> Tip:
    def texts(given: Mapping[str, str]) -> dict[str, str]:
        return {code: swap(text, code) for code, text in given.items()}

    keywords = {code: tuple(swap(word, code) for word in words) for code, words in tip.keywords.items()}
    changes = {
        "id": f"{tip.id[:24]}-{number}",
        "title": texts(tip.title),
        "text": texts(tip.text),
        "keywords": keywords,
    }
    return tip.model_copy(update=changes)


def searching(search: Search) -> list[float]:
    """Milliseconds of each real-life query, asked once and in order, shortest first."""
    taken = []
    for language, text, _ in ASKED:
        began = time.perf_counter()
        search.find(text, language)
        taken.append(1000 * (time.perf_counter() - began))
    return sorted(taken)
