"""The state machine of bookings (docs/bookings.md): allowed transitions, and what follows from each."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lco.bookings.errors import NotBooked
from lco.changes.topics import EventType
from lco.domain.booking import Booking, DeclineReason, State
from lco.domain.mail_kind import MailKind
from lco.errors import DatesTaken, Gone, InvalidInput, LcoError
from lco.failures import backoff

SUBMIT_TIMEOUT = timedelta(seconds=13)
"""The longest time for placing: reaching Odoo (2 s), its answer (10 s), and storing both."""

CHECK_AFTER = timedelta(minutes=3)
"""Odoo ends a request of its own after 120 s (`limit_time_real`), so by then it has booked or never will."""

CHECK_EVERY = timedelta(minutes=5)

CHECK_UNTIL = timedelta(hours=1)
"""After that only a webhook or a person settles a booking in checking."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
"""Between two attempts to reach Odoo for a request that is kept."""

PERSON_AFTER = timedelta(hours=2)
"""A booking that is still open when its request is this old needs a person. The site goes on trying."""

TRANSITIONS: Mapping[State | None, frozenset[State]] = {
    None: frozenset({State.REQUESTED}),
    State.REQUESTED: frozenset({State.PLACING, State.BOOKED, State.DECLINED, State.EXPIRED}),
    State.PLACING: frozenset({State.REQUESTED, State.CHECKING, State.BOOKED, State.DECLINED}),
    State.CHECKING: frozenset({State.REQUESTED, State.BOOKED, State.DECLINED}),
    State.BOOKED: frozenset({State.CONFIRMED, State.CANCELLED}),
    State.CONFIRMED: frozenset({State.CANCELLED}),
    State.DECLINED: frozenset({State.BOOKED}),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset({State.BOOKED, State.DECLINED}),
}

SUBMITTED = frozenset({State.PLACING, State.CHECKING})
"""Odoo has been asked, and what became of it is not known."""

OPEN = SUBMITTED | {State.REQUESTED}
"""The customer has been promised an answer that has not come yet."""

ENDED = frozenset({State.DECLINED, State.CANCELLED, State.EXPIRED})
"""Nothing is booked, or nothing any more."""

REFUSED_BY_ODOO = frozenset({DeclineReason.DATES_TAKEN, DeclineReason.INVALID, DeclineReason.VEHICLE_GONE})
"""Odoo has certainly booked nothing, so another request may have the idempotency key."""

CALENDAR_STATES = frozenset(
    {State.REQUESTED, State.CHECKING, State.BOOKED, State.CONFIRMED, State.DECLINED, State.EXPIRED}
)
"""States a customer may have put in a calendar: leaving one makes the calendar entry a newer version."""

EVENT_TYPES: Mapping[State, EventType] = {
    State.BOOKED: EventType.BOOKING_CREATED,
    State.CONFIRMED: EventType.BOOKING_CONFIRMED,
    State.CANCELLED: EventType.BOOKING_CANCELLED,
}
OCCUPANCY = frozenset({EventType.BOOKING_CREATED, EventType.BOOKING_CANCELLED, EventType.BOOKING_MODIFIED})
"""Steps that take days of a vehicle or set them free."""

MAILS: Mapping[State, MailKind] = {
    State.BOOKED: MailKind.BOOKED,
    State.CONFIRMED: MailKind.CONFIRMED,
    State.CANCELLED: MailKind.CANCELLED,
    State.DECLINED: MailKind.DECLINED,
    State.EXPIRED: MailKind.DECLINED,
    State.REQUESTED: MailKind.RECEIVED,
    State.CHECKING: MailKind.RECEIVED,
}


def may_transition(before: State | None, after: State) -> bool:
    """Whether a booking in state `before` (None: there is none yet) may go to `after`."""
    return after in TRANSITIONS[before]


def is_over(booking: Booking) -> bool:
    """Whether nothing is booked any more, or the machine is back."""
    return booking.state in ENDED or booking.returned_on is not None


def event_type(state: State) -> EventType:
    """The event type of the step to `state` in the change log: a public one, or the internal booking.changed."""
    return EVENT_TYPES.get(state, EventType.BOOKING_CHANGED)


def mail_for(before: State, after: State, tries: int) -> MailKind | None:
    """The message that the customer gets of this step, or None for a step that is not worth one.

    That the request is kept is written once. A customer who waits on the page for a refusal gets no mail.
    """
    is_first_answer = before is State.PLACING and tries == 1
    if after in OPEN and not is_first_answer:
        return None
    if after is State.DECLINED and is_first_answer:
        return None
    return MAILS.get(after)


def mail_of_change(before: Booking, after: Booking) -> MailKind:
    """The message that the customer gets of a change that a customer could see, without a step of the state."""
    if after.state is State.CANCELLED:
        return MailKind.CANCELLED
    if after.returned_on and not before.returned_on:
        return MailKind.RETURNED
    return MailKind.PICKED_UP if after.picked_up_on and not before.picked_up_on else MailKind.CHANGED


def next_attempt_at(state: State, tries: int, now: datetime) -> datetime | None:
    """The instant at which the site processes a booking that came to `state` just now.

    Returns None when it does not do so by itself.
    """
    match state:
        case State.PLACING:
            return now + SUBMIT_TIMEOUT
        case State.REQUESTED:
            return now + backoff(tries, FIRST_PAUSE, LONGEST_PAUSE)
        case State.CHECKING:
            return now + CHECK_AFTER
    return None


def kept_until(created_at: datetime, first_day: date, zone: ZoneInfo) -> datetime:
    """Until when a request is tried: until its first day begins, but for PERSON_AFTER at least."""
    return max(datetime.combine(first_day, time(), zone), created_at + PERSON_AFTER)


def decline_error(refusal: DeclineReason, sentence: str) -> LcoError:
    """The error that says to a customer why nothing was booked; `sentence` is Odoo's own, or the site's."""
    match refusal:
        case DeclineReason.DATES_TAKEN:
            return DatesTaken()
        case DeclineReason.INVALID:
            return InvalidInput({}, sentence)
        case DeclineReason.VEHICLE_GONE:
            return Gone()
        case DeclineReason.NOT_MADE:
            return NotBooked()
