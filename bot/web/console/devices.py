"""What a browser says it is, in the few words by which people know their own devices."""

import re

_BROWSERS = (
    (r"Edg(?:A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Safari/", "Safari"),
)
"""In the order in which to ask: most of them also claim to be those below."""
_SYSTEMS = (
    (r"Android", "Android"),
    (r"iPhone|iPod", "iPhone"),
    (r"iPad", "iPad"),
    (r"Windows", "Windows"),
    (r"CrOS", "ChromeOS"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """`Firefox, Linux` of a `User-Agent`; nothing for what is not known. Versions change and say nothing."""
    named = (_first(table, user_agent) for table in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in named if name)


def _first(table: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, user_agent)), "")
