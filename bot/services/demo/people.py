"""Who lives in the demo city, and what they learned."""

from datetime import datetime, timedelta
from hashlib import sha256

from bot.catalogue.schema import Question, QuestionKind, Quiz
from bot.domain.areas import AgeBand, Area
from bot.services import classroom
from bot.services.demo.city import APPROVER, EDITOR, City
from bot.storage.bulk import Row
from bot.storage.staff import Role

HISTORY_DAYS = 120
CLASSES, PUPILS = 3, 23
LANGUAGES, LANGUAGE_WEIGHTS = ("pl", "uk", "en"), (78, 16, 6)


def add_people(city: City, count: int) -> None:
    """Residents of three languages and eighteen districts, and two members of staff."""
    for _ in range(count):
        city.rows["residents"].append(_resident(city, city.next_id("residents")))
    for name, role in ((EDITOR, Role.EDITOR), (APPROVER, Role.APPROVER)):
        city.rows["staff"].append({"name": name, "role": role.value, "created_at": city.now})


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
        for go in range(min(int(city.dice.expovariate(0.5)), 6)):
            quiz = city.dice.choice(quizzes)
            started_at = city.between(resident["created_at"], city.now)
            _attempt(city, quiz, started_at, experience=go, resident_id=resident["id"])
        most = min(len(tips), 20 if resident["tip_hour"] else 4)
        for tip in city.dice.sample(tips, city.dice.randint(0, most)):
            seen_at = city.between(resident["created_at"], city.now)
            useful = city.dice.choices((None, True, False), (6, 3, 1))[0]
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
    for position, question in enumerate(answered):
        right = city.chance(min(0.95, _easiness(quiz, question) + 0.06 * experience))
        city.rows["answers"].append(
            {
                "attempt_id": number,
                "position": position,
                "quiz": quiz.id,
                "question": question.id,
                "chosen": _chosen(question, right=right),
                "right": right,
                "at": started_at + timedelta(seconds=30 * (position + 1)),
            }
        )


def _easiness(quiz: Quiz, question: Question) -> float:
    """The share of right answers, 40–90 %: each question has its own, lower where the quiz is of a higher level."""
    spread = sha256(f"{quiz.id}/{question.id}".encode()).digest()[0] / 255
    return 0.55 + 0.35 * spread - 0.075 * (quiz.level - 1)


def _chosen(question: Question, *, right: bool) -> str:
    places = sorted(question.right)
    if question.kind is QuestionKind.ORDERING:
        return "".join(map(str, places if right else [places[1], places[0], *places[2:]]))
    if right:
        return "".join(map(str, places))
    return str(next(place for place in range(len(question.options)) if place not in question.right or len(places) > 1))


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
