"""Texts as people copy and type them: invisible characters, and letters with more than one form; pure."""

import re
import unicodedata

INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffc]")
"""Characters without a width, which copying a text brings along. Joiners stay: names need them."""
LAST_OF_PLANES = "".join(chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
UNPRINTABLE = re.compile(f"[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef{LAST_OF_PLANES}]")
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that are drawn as nothing."""


def clean(text: str) -> str:
    """`text` without invisible characters and without blanks around it, its accents in one form (Unicode NFC)."""
    return unicodedata.normalize("NFC", INVISIBLE.sub("", text)).strip()


def without_unprintable(text: str) -> str:
    """`text` without the characters that no HTML document may hold (WHATWG 13.2.3.5)."""
    # Nearly all text is printable as Unicode means it, which leaves out all of these and is found out much sooner.
    return text if text.isprintable() else UNPRINTABLE.sub("", text)


def one_line(text: str) -> str:
    """`text` as `clean` has it, with a blank for line ends, control characters and halves of characters.

    Neither HTML nor calendars nor PostgreSQL take those.
    """
    return clean("".join(" " if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} else one for one in text))


def is_blank(text: str) -> bool:
    """Whether nothing of `text` can be seen: only blanks, joiners, accents and the like."""
    return all(letter in BLANK or unicodedata.category(letter)[0] in "ZCM" for letter in text)


def letters(text: str) -> str:
    """The letters and digits of `text` without accents and capitals, to compare names that people type."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum())
