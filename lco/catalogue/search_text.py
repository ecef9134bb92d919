"""Texts as a search compares them: folded words, the stems of words, and one document for each vehicle."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from lco.domain.vehicle import Vehicle

WORD = re.compile(r"[^\W_]+")
MAX_CACHED = 40
"""Letters of a text that is remembered. Visitors type texts that decompose into thousands of letters."""
SHORT = 3
"""Up to this many letters a word has no ending that can be taken off."""


def normalize(text: str) -> str:
    """Return `text` without accents and capitals, for comparing what people type."""
    return _normalize_short(text) if len(text) <= MAX_CACHED else _normalize(text)


def _normalize(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


_normalize_short = lru_cache(maxsize=20_000)(_normalize)


def words(text: str) -> tuple[str, ...]:
    """The folded words of `text`: runs of letters and digits, without anything between them."""
    return tuple(WORD.findall(normalize(text)))


def stem(word: str) -> str:
    """Return what a word and its plural have in common: `mower` of mowers, `batter` of battery and batteries."""
    return _stem(word) if len(word) <= MAX_CACHED else word


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    if len(word) <= SHORT or not word.isalpha():
        return word
    if word.endswith(("ches", "shes", "sses", "xes", "zzes")):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-3]
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """The words of one vehicle, a space in front of each: its name's, its kind's, and all with its summary's."""

    name: str
    kind: str
    text: str


def document(vehicle: Vehicle) -> Document:
    """Return the document of `vehicle`; the same one while its texts are the same."""
    kind = (vehicle.brand, vehicle.model, vehicle.category)
    return _document(vehicle.name, " ".join(text for text in kind if text), vehicle.summary or "")


@lru_cache(maxsize=50_000)
def _document(*texts: str) -> Document:
    """By texts, not by vehicle, so that a changed price costs nothing here."""
    name, kind, summary = (f" {' '.join(words(text))}" for text in texts)
    return Document(name, kind, f"{name}{kind}{summary}")


@lru_cache(maxsize=4)
def vocabulary(documents: frozenset[Document]) -> dict[str, None]:
    """Return every word of the documents once, those of names first, and pairs of a name's words as one."""
    names = [each.name.split() for each in documents]
    ordered = dict.fromkeys(word for name in names for word in name)
    ordered |= dict.fromkeys(word for each in documents for word in each.text.split())
    pairs = (a + b for name in names for a, b in pairwise(name) if a.isalpha() and b.isalpha())
    return ordered | dict.fromkeys(pairs)
