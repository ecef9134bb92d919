"""How a booking may change: the one table of its states (docs/bookings.md), and what each change is called."""

from collections.abc import Mapping
from datetime import timedelta

from lco.bookings.booking import Refusal, State
from lco.bookings.errors import NotBooked
from lco.errors import DatesTaken, Gone, InvalidInput, LcoError

BUDGET = timedelta(seconds=13)
"""How long placing may take: reaching Odoo (2 s), its answer (10 s), and writing both down."""

CHECK_AFTER = timedelta(minutes=3)
"""Odoo ends a request of its own after 120 s (`limit_time_real`), so by then it has booked or never will."""

CHECK_UNTIL = timedelta(hours=1)
"""After that only a webhook or a person settles a booking in checking."""

ALLOWED: Mapping[State | None, frozenset[State]] = {
    None: frozenset({State.REQUESTED}),
    State.REQUESTED: frozenset({State.PLACING}),
    State.PLACING: frozenset({State.REQUESTED, State.CHECKING, State.BOOKED, State.DECLINED}),
    State.CHECKING: frozenset({State.REQUESTED, State.BOOKED, State.DECLINED}),
    State.BOOKED: frozenset({State.CONFIRMED, State.CANCELLED}),
    State.CONFIRMED: frozenset({State.CANCELLED}),
    State.DECLINED: frozenset({State.BOOKED}),
    State.CANCELLED: frozenset(),
}

OPEN = frozenset({State.PLACING, State.CHECKING})
"""Odoo has been asked, and what became of it is not known."""

ENDED = frozenset({State.DECLINED, State.CANCELLED})
"""Nothing is booked, or nothing any more."""

SHOWN = frozenset({State.CHECKING, State.BOOKED, State.CONFIRMED, State.DECLINED})
"""States a customer may have put in a calendar: leaving one makes the calendar entry a newer version."""

KINDS: Mapping[State, str] = {
    State.BOOKED: "booking.created",
    State.CONFIRMED: "booking.confirmed",
    State.CANCELLED: "booking.cancelled",
}
CHANGED = "booking.changed"
MODIFIED = "booking.modified"
OCCUPANCY = frozenset({"booking.created", "booking.cancelled", MODIFIED})
"""Steps that take days of a vehicle or set them free."""


def allowed(before: State | None, after: State) -> bool:
    """Whether a booking in state `before` (None: there is none yet) may go to `after`."""
    return after in ALLOWED[before]


def kind(state: State) -> str:
    """What the change log calls the step to `state`: a public event type, or the internal booking.changed."""
    return KINDS.get(state, CHANGED)


def refused(refusal: Refusal, sentence: str) -> LcoError:
    """What a customer is told when nothing was booked; `sentence` is Odoo's own, or the site's."""
    match refusal:
        case Refusal.DATES_TAKEN:
            return DatesTaken()
        case Refusal.INVALID:
            return InvalidInput({}, sentence)
        case Refusal.VEHICLE_GONE:
            return Gone()
        case Refusal.NOT_MADE:
            return NotBooked()
