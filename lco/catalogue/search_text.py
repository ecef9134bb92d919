"""What the catalogue's texts are compared by: without accents and capitals, as people type them."""

import unicodedata
from functools import lru_cache

from lco.domain.vehicle import Vehicle


@lru_cache(maxsize=50_000)
def normalize(text: str) -> str:
    """`text` without accents and capitals, for comparing what people type."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def searchable_text(vehicle: Vehicle) -> str:
    """All that a search for words looks through, folded."""
    return _normalize_together(vehicle.name, vehicle.brand, vehicle.model, vehicle.category, vehicle.summary)


@lru_cache(maxsize=50_000)
def _normalize_together(*texts: str | None) -> str:
    """By texts, not by vehicle: a vehicle that changes its price keeps them, and strings keep their hash."""
    return normalize(" ".join(text for text in texts if text))
