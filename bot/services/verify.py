"""Whether a message is ours: the code under it, and what we say to whoever asks about one.

A code can be copied onto other words. So the answer tells how the true message begins, and what to do with another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.catalogue.markup import plain
from bot.domain.codes import Code, code_of, is_ours, read_code
from bot.domain.messages import Block, Plain, say
from bot.services.campaign_texts import content_at
from bot.storage.database import Connection
from bot.storage.vault import Vault
from scheduler import ledger
from scheduler.calendar import ZONE, release_at
from scheduler.errors import UnknownRun
from scheduler.model import Kind

PURPOSE = "message codes"
BEGINS = 120
"""How many characters of a message are shown, to tell it from another with the same code."""


@dataclass(frozen=True, slots=True)
class Genuine:
    """A message that was sent, as far as anybody may know who holds its code: nothing of any recipient."""

    code: Code
    kind: Kind
    sent_at: datetime
    """When the first of them could leave."""
    title: Mapping[str, str] = field(default_factory=dict)
    begins: Mapping[str, str] = field(default_factory=dict)
    """Language → its first words. Empty for what is written for one person, and when the words have changed since."""


def key_of(vault: Vault) -> bytes:
    """The key of the marks, for as long as the application's secret stays the same."""
    return vault.token(PURPOSE).encode()


def message_code(vault: Vault, run_id: int) -> str:
    """The code under the messages of a run."""
    return str(code_of(key_of(vault), run_id))


async def check(conn: Connection, vault: Vault, text: str, now: datetime) -> Genuine | None:
    """The message whose code is in a text; None if there is no such code, or nothing under it has left yet."""
    code = read_code(text)
    if code is None or not is_ours(key_of(vault), code):
        return None
    try:
        run, campaign = await ledger.load_work(conn, code.run)
    except UnknownRun:
        return None
    sent_at = release_at(run.kind, max(run.slot_at, run.started_at))
    if sent_at > now:
        return None
    if campaign is None:
        return Genuine(code, run.kind, sent_at)
    content = await content_at(conn, run, campaign)
    if content is None:
        return Genuine(code, run.kind, sent_at)
    return Genuine(code, run.kind, sent_at, content.title, _beginnings(content.text))


def _beginnings(text: Mapping[str, str]) -> dict[str, str]:
    return {language: beginning(plain(words)) for language, words in text.items()}


def beginning(text: str, length: int = BEGINS) -> str:
    """The first words of a text, on one line; what is left out shows as an ellipsis."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[:length].rpartition(" ")[0] or line[:length]
    return f"{cut.rstrip(' ,;:–')}…"


# --- in words


def verdict(found: Genuine | None) -> tuple[Block, ...]:
    """What is said of a code, in the chat and on the page."""
    if found is None:
        return say("verify.unknown"), say("verify.beware"), say("verify.report")
    local = found.sent_at.astimezone(ZONE)
    told = say(f"verify.{_genus(found.kind)}", day=local.date(), time=f"{local:%H:%M}")
    if not found.begins:
        return told, say("verify.otherwise"), say("verify.report")
    words = say("verify.words", title=Plain(found.title), begins=Plain(found.begins))
    return told, words, say("verify.otherwise"), say("verify.report")


def _genus(kind: Kind) -> str:
    own = {Kind.ALERT, Kind.DAILY_TIP, Kind.REMINDER, Kind.NOTICE}
    return kind.value if kind in own else "campaign"
