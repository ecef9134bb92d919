"""Obstacles to a rental: one code and one sentence for each obstacle (docs/odoo-contract.md, section 4.2)."""

from dataclasses import dataclass
from enum import StrEnum


class ReasonCode(StrEnum):
    """The obstacles, by the codes of the contract."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_SOON = "too_soon"
    TOO_FAR = "too_far"
    CLOSED_START = "closed_start"
    CLOSED_RETURN = "closed_return"
    TAKEN = "taken"
    IN_MAINTENANCE = "in_maintenance"
    NOT_FOR_RENT = "not_for_rent"
    OTHER = "other"
    """Odoo has a reason that this version of the site does not know; the sentence is Odoo's."""


FIELDS = {
    ReasonCode.TOO_SOON: "date_from",
    ReasonCode.TOO_FAR: "date_from",
    ReasonCode.CLOSED_START: "date_from",
    ReasonCode.CLOSED_RETURN: "date_to",
    ReasonCode.TOO_SHORT: "date_to",
    ReasonCode.TOO_LONG: "date_to",
}
"""The field whose value is at fault. The other obstacles concern the machine."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One obstacle: its code, a sentence for customers, and the number of days that belongs to it, if any."""

    code: ReasonCode
    sentence: str
    limit: int | None = None

    @property
    def field(self) -> str | None:
        """The form's field that has to change. None when other dates of the same form may not help."""
        return FIELDS.get(self.code)
