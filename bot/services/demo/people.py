"""Who lives in the demo city, and what they learned."""

from datetime import datetime, timedelta
from hashlib import sha256

from bot.catalogue.schema import Question, QuestionKind, Quiz
from bot.domain.areas import AgeBand, Area
from bot.services import classroom, missed
from bot.services.demo.city import City
from bot.storage.bulk import Row

HISTORY_DAYS = 120
CLASSES, PUPILS = 3, 23
AGAIN = 0.3
"""How often a further attempt is at a quiz that was taken before."""
LANGUAGES, LANGUAGE_WEIGHTS = ("pl", "uk", "en"), (78, 16, 6)


def add_people(city: City, count: int) -> None:
    """Residents of three languages and eighteen districts."""
    for _ in range(count):
        city.rows["residents"].append(_resident(city, city.next_id("residents")))


def _resident(city: City, number: int) -> Row:
    dice, chance = city.dice, city.chance
    created_at = city.between(city.now - timedelta(days=HISTORY_DAYS), city.now)
    seen_at = city.between(created_at, city.now)
    on_page = chance(0.25)
    topics = {area: chance(0.5) for area in Area} if chance(0.3) else dict.fromkeys(Area, False)
    asked = chance(0.8)
    return {
        "id": number,
        "channel": "web" if on_page else "telegram",
        "address": f"demo-{number}",
        "language": dice.choices(LANGUAGES, LANGUAGE_WEIGHTS)[0],
        **{area.value: chosen for area, chosen in topics.items()},
        "district": dice.randint(1, 18) if chance(0.6) else None,
        "age": dice.choice(list(AgeBand)).value if chance(0.5) else None,
        "tip_hour": dice.choice((8, 8, 8, 7 + dice.randint(1, 12))) if asked and not on_page and chance(0.5) else None,
        "alerts": asked and chance(0.6),
        "campaigns": asked and chance(0.55),
        "consent_asked_at": created_at if asked else None,
        "blocked_at": seen_at if not on_page and chance(0.03) else None,
        "created_at": created_at,
        "seen_on": seen_at.date(),
    }


# --- learning


def add_learning(city: City) -> None:
    """Attempts, answers, and tips seen; who tries again does better."""
    quizzes, tips = list(city.library.quizzes.values()), list(city.library.tips)
    for resident in city.rows["residents"]:
        goes = min(int(city.dice.expovariate(0.5)), 6)
        taken: list[Quiz] = []
        for go, started_at in enumerate(sorted(city.between(resident["created_at"], city.now) for _ in range(goes))):
            again = taken and city.chance(AGAIN)
            taken.append(city.dice.choice(taken if again else quizzes))
            _attempt(city, taken[-1], started_at, experience=go, resident_id=resident["id"])
        most = min(len(tips), 20 if resident["tip_hour"] else 4)
        for tip in city.dice.sample(tips, city.dice.randint(0, most)):
            seen_at = city.between(resident["created_at"], city.now)
            said = city.dice.choices((None, True, False), (6, 3, 1))[0]
            useful = None if city.library.tips[tip].steps else said  # cards ask nobody
            city.rows["tips_seen"].append(
                {"resident_id": resident["id"], "tip": tip, "seen_at": seen_at, "useful": useful}
            )


def _attempt(
    city: City,
    quiz: Quiz,
    started_at: datetime,
    *,
    experience: int,
    resident_id: int | None = None,
    link: str | None = None,
    token: str | None = None,
) -> None:
    number = city.next_id("attempts")
    finished = city.chance(0.85)
    answered = quiz.questions if finished else quiz.questions[: city.dice.randint(0, len(quiz.questions) - 1)]
    ended_at = started_at + timedelta(seconds=30 * len(answered))
    city.rows["attempts"].append(
        {
            "id": number,
            "resident_id": resident_id,
            "token": token,
            "link": link,
            "quiz": quiz.id,
            "questions": [[quiz.id, question.id] for question in quiz.questions],
            "seed": city.dice.getrandbits(31),
            "started_at": started_at,
            "finished_at": ended_at if finished else None,
        }
    )
    able = city.dice.gauss(0.0, 1.0)
    for position, question in enumerate(answered):
        right = city.chance(_likely(quiz, question, able) + 0.06 * experience)
        city.rows["answers"].append(
            {
                "attempt_id": number,
                "position": position,
                "quiz": quiz.id,
                "question": question.id,
                "chosen": _chosen(city, question, right=right),
                "right": right,
                "at": started_at + timedelta(seconds=30 * (position + 1)),
            }
        )


def _likely(quiz: Quiz, question: Question, able: float) -> float:
    """How likely somebody is right, by what the question is like: how easy, and how well it tells who is able."""
    easy, tells = (byte / 255 for byte in sha256(f"{quiz.id}/{question.id}".encode()).digest()[:2])
    return min(0.97, max(0.03, 0.55 + 0.35 * easy - 0.075 * (quiz.level - 1) + 0.3 * tells * able))


def _chosen(city: City, question: Question, *, right: bool) -> str:
    places = sorted(question.right)
    if question.kind is QuestionKind.ORDERING:
        return "".join(map(str, places if right else [places[1], places[0], *places[2:]]))
    if right:
        return "".join(map(str, places))
    wrong = [place for place in range(len(question.options)) if place not in question.right or len(places) > 1]
    return str(city.dice.choice(wrong))


ASKED = "drony petardy gołębie parkometr azbest łabędzie rekiny"
"""What somebody might ask about and the library does not have, the most wanted first."""


def add_missed(city: City) -> None:
    """Words that were searched for in vain; few enough people for the last of them that nobody can read it."""
    for place, word in enumerate(missed.words_of(city.library, ASKED, "pl")):
        people = city.dice.sample(city.rows["residents"], min(len(city.rows["residents"]), 14 - 2 * place))
        mark, today = missed.mark_of(city.vault, word), city.now.date()
        readable = word if len(people) >= classroom.FEWEST_SHOWN else None
        city.rows["missed_words"].append({"mark": mark, "word": readable, "first_on": today - timedelta(days=20)})
        city.rows["missed_by"] += [
            {"mark": mark, "resident_id": person["id"], "missed_on": today - timedelta(days=city.dice.randint(0, 20))}
            for person in people
        ]


def add_classes(city: City) -> None:
    """Quiz links that a school class each has answered."""
    for number, quiz in enumerate(list(city.library.quizzes.values())[:CLASSES], start=1):
        code = f"demo{city.next_id('attempts')}"
        lesson_at = city.now - timedelta(days=2 * number)
        city.rows["quiz_links"].append(
            {
                "code": code,
                "quiz": quiz.id,
                "resident_id": None,
                "created_at": lesson_at,
                "ends_at": lesson_at + classroom.LINK_LASTS,
            }
        )
        for pupil in range(PUPILS):
            token = classroom.hashed(f"{code}-{pupil}")
            _attempt(city, quiz, lesson_at + timedelta(seconds=pupil), experience=0, link=code, token=token)
