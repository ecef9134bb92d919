"""Why a rental cannot be booked: a code for programs and a sentence for people (contract section 4.2)."""

from collections.abc import Iterable
from dataclasses import dataclass

OF_THE_MACHINE = {"taken", "in_maintenance", "not_for_rent"}
OF_ANY_DAYS = {"too_short", "too_long", "not_for_rent"}


@dataclass(frozen=True)
class Reason:
    """One obstacle; `limit` is the number that belongs to it, in days, or None."""

    code: str
    message: str
    limit: int | None = None


def all_of(reasons: Iterable[Reason], codes: set[str]) -> bool:
    """Whether every reason has one of these codes."""
    return all(reason.code in codes for reason in reasons)
