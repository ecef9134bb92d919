"""The reasons against a rental: a code for programs and a sentence for people.

Source: docs/odoo-contract.md, section 4.2.
"""

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
    """True when every reason has one of these codes."""
    return all(reason.code in codes for reason in reasons)
