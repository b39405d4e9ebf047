"""The console's sections, as each member's menu lists them."""

from dataclasses import dataclass

from bot.web.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu."""

    key: str
    """`console.menu.<key>` are its words."""
    url: str
    current: bool


_SECTIONS = (
    ("home", "", "sign_in"),
    ("campaigns", "/campaigns", "see_campaigns"),
    ("calendar", "/campaigns/calendar", "see_campaigns"),
    ("workshops", "/workshops", "see_workshops"),
    ("content", "/content", "see_content"),
    ("people", "/people", "see_numbers"),
    ("report", "/report", "see_numbers"),
    ("staff", "/staff", "see_staff"),
    ("tokens", "/tokens", "manage_tokens"),
    ("audit", "/audit", "see_audit"),
)
"""Name, path below `/console`, and the step of `services.staff.MAY` that opens it."""


def entries(visit: Visit) -> tuple[Entry, ...]:
    """The sections that this member may see; the longest path that fits is where they are."""
    here = visit.request.url.path.removeprefix("/console")
    fitting = (path for _, path, _ in _SECTIONS if here == path or here.startswith(f"{path}/"))
    current = max(fitting, key=len, default="")
    return tuple(
        Entry(key, f"/console{path}", path == current and (path != "" or here in ("", "/")))
        for key, path, step in _SECTIONS
        if visit.may(step)
    )
