"""What people ask in vain: single words, and only those that many people use.

Whoever writes for the library wants to know what is missing in it; nobody may be able to read what somebody asked. So
of a text that found nothing only the words that the library does not have are looked at, each by itself, as a mark that
only the city's key makes. In what order a person used them is not kept, nor is any other word. What becomes readable is
what all those people had in common: the word without the endings each of them gave it.
"""

from datetime import datetime, timedelta
from itertools import islice

from bot.catalogue.library import Library
from bot.domain.residents import Resident
from bot.services.classroom import FEWEST_SHOWN
from bot.storage import missed as store
from bot.storage.database import Connection
from bot.storage.missed import Missed
from bot.storage.vault import Vault
from scheduler.calendar import ZONE

SHORTEST, LONGEST = 4, 32
"""Letters of a word that is worth a thought: shorter ones say little, longer ones are no words."""
MOST_WORDS = 8
"""Words of one text; a longer one is a story, and whoever tells it names what is theirs."""
LOOKED_BACK = timedelta(days=30)
KEPT = timedelta(days=90)
MOST_LISTED = 100


def words_of(library: Library, text: str, language: str) -> tuple[str, ...]:
    """The words of a text that the library does not know: what is left of them without their endings.

    Nothing with a digit is among them (a number, an address, a registration plate), and no part of an e-mail or web
    address.
    """
    plain = " ".join(part for part in text.split() if not _is_private(part))
    unknown = library.search.unknown(plain, language)
    stems = (stem for word, stem in unknown.items() if SHORTEST <= len(word) <= LONGEST)
    return tuple(islice(dict.fromkeys(stems), MOST_WORDS))


def _is_private(part: str) -> bool:
    """Whether a piece of text, up to the next space, may point at somebody."""
    inside = part.strip(".,;:!?…")
    return any(letter.isdigit() or letter in "@/\\_" for letter in part) or "." in inside


async def note(
    conn: Connection, library: Library, vault: Vault, resident: Resident, text: str, *, now: datetime
) -> None:
    """Nothing was found for this text. The same word of the same person counts once."""
    words = {mark_of(vault, word): word for word in words_of(library, text, resident.language)}
    await store.note(conn, resident.id, words, now.astimezone(ZONE).date(), enough=FEWEST_SHOWN)


def mark_of(vault: Vault, word: str) -> str:
    """What stands for a word: only whoever has the key can make it, and nobody can read the word from it."""
    return vault.token(f"missed word: {word}")


async def listed(conn: Connection, now: datetime) -> list[Missed]:
    """The words of the last month, those of most people first; only what enough people looked for."""
    since = (now - LOOKED_BACK).astimezone(ZONE).date()
    return await store.listed(conn, since, enough=FEWEST_SHOWN, most=MOST_LISTED)


async def forget(conn: Connection, *people: Resident) -> None:
    """Take people out, when they leave."""
    await store.forget(conn, [one.id for one in people], enough=FEWEST_SHOWN)


async def sweep(conn: Connection, now: datetime) -> int:
    """Take out what nobody has looked for in KEPT; returns how many marks of people went."""
    return await store.drop_before(conn, (now - KEPT).astimezone(ZONE).date(), enough=FEWEST_SHOWN)
