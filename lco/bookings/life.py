"""The stage of a rental on a given day, for the customer's page; pure."""

from datetime import datetime, time
from enum import StrEnum

from lco.domain.booking import HELD, Booking, State


class Stage(StrEnum):
    """The stages of a rental that Odoo has, beyond the state of its booking."""

    AHEAD = "ahead"
    """Booked or confirmed, and its first day is still to come, or nothing is known of the pick-up."""
    READY = "ready"
    """Confirmed, its first day has come, and it was not picked up yet."""
    OUT = "out"
    OVERDUE = "overdue"
    RETURNED = "returned"
    OVER = "over"
    """Its days are over, and nothing is known of a pick-up."""


def stage(booking: Booking, now: datetime, return_by: time | None) -> Stage | None:
    """The stage at `now`, in the zone of the business. Returns None while Odoo has no booking, or none any more.

    `return_by` is the time until which the machine is brought back on the day of return; None: until midnight.
    Only an Odoo of version 2 reports pick-ups, and then the booking has a version.
    """
    if booking.state not in HELD:
        return None
    days, today = booking.request.days, now.date()
    if booking.returned_on:
        return Stage.RETURNED
    if booking.picked_up_on:
        is_late = today > days.end or (today == days.end and return_by is not None and now.time() > return_by)
        return Stage.OVERDUE if is_late else Stage.OUT
    if today >= days.end:
        return Stage.OVER
    is_ready = today >= days.start and booking.state is State.CONFIRMED and booking.version is not None
    return Stage.READY if is_ready else Stage.AHEAD
