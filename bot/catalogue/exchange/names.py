"""Names of items, made of whatever another program calls them."""

import re
import unicodedata

from bot.catalogue.schema import LONGEST_SLUG

_UNDECOMPOSED = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "đ": "d", "æ": "ae"})
_CYRILLIC = dict(
    zip("абвгґдеєзиіїйклмнопрстуфэыъь", (*"abvhgde", "ie", *"zyiiiklmnoprstufey", "", ""), strict=True)
) | {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "iu", "я": "ia", "ё": "io"}


def slug(text: str, otherwise: str) -> str:
    """A name of lower-case letters a–z, digits and hyphens, at most 32 characters; `otherwise` if none remain."""
    folded = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSED).casefold())
    letters = "".join(_CYRILLIC.get(char, char) for char in unicodedata.normalize("NFC", folded))
    plain = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-") or otherwise
