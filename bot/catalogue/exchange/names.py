"""Names of items, made of whatever another program calls them."""

import re
import unicodedata

LONGEST = 32
_UNDECOMPOSED = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "đ": "d", "æ": "ae"})
_CYRILLIC = dict(
    zip(
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэёъ",
        "a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch . iu ia y e io .".replace(".", "").split(
            " "
        ),
        strict=True,
    )
)


def slug(text: str, otherwise: str) -> str:
    """A name of lower-case letters a–z, digits and hyphens, at most 32 characters; `otherwise` if none remain."""
    folded = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSED).casefold())
    letters = "".join(_CYRILLIC.get(char, char) for char in unicodedata.normalize("NFC", folded))
    plain = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-") or otherwise
