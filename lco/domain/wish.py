"""A customer's wish to be told when a machine becomes free on days that are taken."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lco.domain.date_range import DateRange


class WishState(StrEnum):
    """The state of a wish."""

    ASKED = "asked"
    """The mail address is not confirmed yet."""
    WAITING = "waiting"
    OFFERED = "offered"
    """The days came free, and its customer has been told."""
    ENDED = "ended"


class Ending(StrEnum):
    """The reason why a wish has ended."""

    BEGUN = "begun"
    """Its first day has come."""
    BOOKED = "booked"
    """Its customer has booked the machine on some of the days."""
    STOPPED = "stopped"
    """Its customer does not want to be told any more."""


class WishMessage(StrEnum):
    """The mails about wishes, each named like its templates in `templates/email/wish`."""

    CONFIRM = "confirm"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Wish:
    """A stored wish. `token` is the secret in the links of its mails; `email` is empty once it has ended."""

    id: int
    token: str
    vehicle_id: int
    vehicle_name: str
    days: DateRange
    email: str
    state: WishState
    ending: Ending | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A machine that was wanted and not available in a week, which begins on the Monday `week`."""

    vehicle_name: str
    week: str
    wishes: int
