"""The terms of a search, each with the spellings that answer it, from the words that a visitor typed."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from lco.catalogue.search_text import SHORT, Document, normalize, stem, words

STOP_WORDS = frozenset((files("lco.catalogue") / "stop_words.txt").read_text(encoding="utf-8").split())
CHUNK = re.compile(r"[^\s,;:!?\"“”()]+")
BOUNDARY = re.compile(r"(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")
LONG = 8
"""From this many letters on, a word may have two typing mistakes, otherwise one."""
SHORTEST_MISTYPED = 4
LONGEST_PHRASE = 3

Spelling = tuple[str, ...]
"""Words that must all occur; one with a space in it is a phrase."""
Synonyms = Mapping[str, tuple[Spelling, ...]]
"""Other names of a phrase, by the phrase written as one word, without the ending of a plural."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is asked for: any of `spellings` answers it, the first ones best."""

    typed: str
    spellings: tuple[Spelling, ...]


def read_synonyms(lines: Iterable[str]) -> Synonyms:
    """Return the groups of `lines`, words separated by commas; an empty line and one after `#` are none."""
    found: dict[str, tuple[Spelling, ...]] = {}
    for line in lines:
        group = [phrase for text in line.partition("#")[0].split(",") if (phrase := words(text))]
        for phrase in group:
            key = _key(phrase)
            found[key] = found.get(key, ()) + tuple(other for other in group if other != phrase)
    return found


@cache
def synonyms(extra: tuple[str, ...] = ()) -> Synonyms:
    """Return the shipped groups and those of `extra`, written as in `synonyms.txt`."""
    shipped = (files("lco.catalogue") / "synonyms.txt").read_text(encoding="utf-8").splitlines()
    return read_synonyms([*shipped, *extra])


def parse_terms(text: str, known: Synonyms, vocabulary: Collection[str]) -> tuple[Term, ...]:
    """Return the terms of what a visitor typed, all of which must be answered. Words like `the` are none."""
    chunks = [piece for chunk in CHUNK.findall(normalize(text)) for piece in _pieces(chunk)]
    asking = [chunk for chunk in chunks if chunk not in STOP_WORDS] or chunks
    return tuple(_terms(asking, known, vocabulary))


def _pieces(chunk: str) -> Spelling:
    """Words with a hyphen between them are several, but a model like E-35 is one."""
    pieces = words(chunk)
    return (chunk,) if len(pieces) > 1 and min(map(len, pieces)) < SHORT else pieces


def corrected(term: Term, known: Synonyms, vocabulary: Collection[str]) -> Term | None:
    """Return the term with the nearest word of the catalogue or the synonyms. Returns None when none is near."""
    word = _key(words(term.typed))
    if len(word) < SHORTEST_MISTYPED or not word.isalpha():
        return None
    limit = 2 if len(word) >= LONG else 1
    nearest = extractOne(word, [*vocabulary, *known], scorer=OSA.distance, score_cutoff=limit)
    if nearest is None or len(nearest[0]) < SHORTEST_MISTYPED:
        return None
    return Term(nearest[0], tuple(_spellings(nearest[0], known, vocabulary)))


def answers(documents: Mapping[int, Document], term: Term) -> dict[int, int]:
    """Return how well each document answers `term`, by id: most for words of its name."""
    best: dict[int, int] = {}
    for spelling in term.spellings:
        needles = [_needle(word) for word in spelling]
        found: Iterable[int] = documents
        for needle in needles:
            found = [vehicle_id for vehicle_id in found if needle in documents[vehicle_id].text]
        for vehicle_id in found:
            best[vehicle_id] = max(best.get(vehicle_id, 0), _points(documents[vehicle_id], needles))
    return best


def _needle(word: str) -> str:
    """The text to look for: the stem anywhere; of phrases and of very short words, at the start of a word."""
    return f" {word}" if " " in word or (len(word) < SHORT and word.isalpha()) else stem(word)


def _points(document: Document, needles: Sequence[str]) -> int:
    """Twelve for a word's start in the name, ten for the name, four for the kind, one for the summary."""
    points = 0
    for needle in needles:
        if needle in document.name:
            points += 10 + 2 * (f" {needle.lstrip()}" in document.name)
        else:
            points += 4 if needle in document.kind else 1
    return points // len(needles)


def _terms(chunks: Sequence[str], known: Synonyms, vocabulary: Collection[str]) -> Iterator[Term]:
    """A phrase with synonyms is one term, the longest first; every other word is a term of its own."""
    start = 0
    while start < len(chunks):
        lengths = range(LONGEST_PHRASE, 1, -1)
        length = next((n for n in lengths if _key(words(" ".join(chunks[start : start + n]))) in known), 1)
        typed = " ".join(chunks[start : start + length])
        yield Term(typed, tuple(_spellings(typed, known, vocabulary)))
        start += length


def _spellings(typed: str, known: Synonyms, vocabulary: Collection[str]) -> Iterator[Spelling]:
    """As it was typed, written together, taken apart, and what else it is called."""
    separate = words(typed)
    yield (" ".join(separate),) if min(map(len, separate)) < SHORT else separate
    if len(separate) > 1:
        yield ("".join(separate),)
    else:
        yield from _compounds(separate[0], vocabulary)
    yield from known.get(_key(separate), ())


def _compounds(word: str, vocabulary: Collection[str]) -> Iterator[Spelling]:
    """The ways to make `word` of two words of the catalogue, like lawnmower, or of letters and digits."""
    pieces = tuple(BOUNDARY.split(word))
    if len(pieces) > 1:
        yield (" ".join(pieces),)
    for at in range(SHORT, len(word) - SHORT + 1):
        first, second = word[:at], word[at:]
        if first in vocabulary and (second in vocabulary or stem(second) in vocabulary):
            yield first, second


def _key(phrase: Spelling) -> str:
    return stem("".join(phrase))
