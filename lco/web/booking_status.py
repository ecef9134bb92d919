"""The words and the steps with which a booking's page describes its state; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from lco.bookings.life import Stage
from lco.domain.booking import HELD, Booking, State
from lco.domain.date_text import format_hour, format_weekday_date

NOT_BOOKED = "Not booked", "We could not book this. Nothing is charged."
OF_STATE: Mapping[State, tuple[str, str]] = {
    State.REQUESTED: (
        "Request saved",
        (
            "Our booking system is not answering right now. We place your request as soon as it does, and email"
            " you. Please do not send it again. If it is urgent, call us."
        ),
    ),
    State.PLACING: ("Booking in progress", "We are placing your booking right now, and email you."),
    State.CHECKING: (
        "Checking availability",
        (
            "Our booking system did not answer in time, so we do not know yet whether these days are yours."
            " Please do not book again: we email you as soon as we know. If it is urgent, call us."
        ),
    ),
    State.BOOKED: ("Booked", "Your dates are on hold. We confirm every booking ourselves, by email."),
    State.CONFIRMED: ("Confirmed", "You are all set. It will be ready on {start}."),
    State.DECLINED: NOT_BOOKED,
    State.CANCELLED: ("Canceled", "This booking is canceled."),
    State.EXPIRED: NOT_BOOKED,
}
OF_STAGE: Mapping[Stage, tuple[str, str]] = {
    Stage.READY: ("Ready", "It is ready for you. Pick it up at our yard."),
    Stage.OUT: ("You have it", "Return it{by} on {end}."),
    Stage.OVERDUE: (
        "It is overdue",
        "It was due back{by} on {end}. Please bring it back now, or call us: the next customer may be waiting.",
    ),
    Stage.RETURNED: ("Returned", "You brought it back. Thank you for renting from us."),
    Stage.OVER: ("These days are over", "If you still need the machine, call us."),
}
"""Without a stage that is here, the words are those of the state. `{by}` is the hour, or nothing."""
INQUIRY = (
    "Inquiry",
    "We have your question about these days. They are not held for you: call us to book them.",
)
LAST_STEPS = {State.DECLINED: "Not booked", State.EXPIRED: "Not booked", State.CANCELLED: "Canceled"}
FIRST_STEPS = ("Requested", "Booked", "Confirmed")
RENTAL_STEPS = ("Confirmed", "Picked up", "Returned")


@dataclass(frozen=True, slots=True)
class BookingStatus:
    """The state of a booking as its page shows it. The first `reached` of the `steps` are done."""

    title: str
    text: str
    steps: Sequence[str]
    reached: int
    has_ended: bool
    """Whether nothing is booked, or nothing any more."""


def booking_status(booking: Booking, stage: Stage | None, return_by: time | None) -> BookingStatus:
    """Describe `booking` in `stage`. `return_by` is in the zone of the business; None when it is not known."""
    title, text = _words(booking, stage)
    days = booking.request.days
    text = text.format(
        start=format_weekday_date(days.start),
        end=format_weekday_date(days.end),
        by=f" by {format_hour(return_by)}" if return_by else "",
    )
    steps, reached = _steps(booking)
    return BookingStatus(title, text, steps, reached, booking.state in LAST_STEPS)


def _words(booking: Booking, stage: Stage | None) -> tuple[str, str]:
    if booking.state in HELD and not booking.request.holds_days and not booking.picked_up_on:
        return INQUIRY
    of_state = OF_STATE[booking.state]
    return OF_STAGE.get(stage, of_state) if stage else of_state


def _steps(booking: Booking) -> tuple[Sequence[str], int]:
    """The steps, and how many of them are done. The last step of a booking that has ended is its end."""
    if last := LAST_STEPS.get(booking.state):
        was_booked = booking.state is State.CANCELLED and booking.reference
        steps = (*FIRST_STEPS[: 2 if was_booked else 1], last)
        return steps, len(steps)
    if booking.returned_on:
        reached = 3
    elif booking.picked_up_on:
        reached = 2
    else:
        reached = {State.BOOKED: 2, State.CONFIRMED: 3}.get(booking.state, 1)
    return (RENTAL_STEPS if booking.picked_up_on else FIRST_STEPS), reached
