"""The days that customers hold and that the business has not confirmed: bounded for each, shown when many."""

from datetime import date
from typing import NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select

from lco import metrics
from lco.bookings import states
from lco.db.models import BookingRow
from lco.domain.booking import BookingRequest, State
from lco.errors import InvalidInput

TABLE = cast("Table", BookingRow.__table__)
UNCONFIRMED = sorted(states.OPEN | {State.BOOKED})
MANY_DAYS = 60
"""More unconfirmed days than this of one machine are shown in /ops."""
TOO_MANY = (
    "With this booking you would hold {} days that are not confirmed yet. We keep at most {} for one customer. "
    "Please call us."
)


class Holding(NamedTuple):
    """One machine with many days that are not confirmed."""

    vehicle_id: int
    vehicle_name: str
    days: int
    customers: int
    """The number of mail addresses that hold them."""


def require_room(
    connection: Connection, request: BookingRequest, today: date, most: int, besides: int | None = None
) -> None:
    """Raise InvalidInput when the customer of `request` would hold more than `most` days; 0: any number.

    The booking with the number `besides` does not count, as `request` takes its place.

    Customers are the same when mail address or phone is, and must be locked.
    """
    if not most:
        return
    email, phone = request.email.lower(), request.phone
    same = or_(func.lower(TABLE.c.customer_email) == email, TABLE.c.customer_phone == phone)
    columns = (TABLE.c.id, TABLE.c.date_from, TABLE.c.date_to)
    held = len(request.days) + sum(
        (row.date_to - max(row.date_from, today)).days
        for row in connection.execute(select(*columns).where(*_still_held(today), same))
        if row.id != besides
    )
    if held > most:
        metrics.refused.labels("open days").inc()
        raise InvalidInput({}, TOO_MANY.format(held, most))


def many(connection: Connection, today: date) -> list[Holding]:
    """The machines with more than MANY_DAYS unconfirmed days to come, the most first."""
    names = ("vehicle_id", "vehicle_name", "date_from", "date_to", "customer_email")
    held: dict[int, Holding] = {}
    customers: dict[int, set[str]] = {}
    for row in connection.execute(select(*(TABLE.c[name] for name in names)).where(*_still_held(today))):
        days = (row.date_to - max(row.date_from, today)).days
        before = held[row.vehicle_id].days if row.vehicle_id in held else 0
        theirs = customers.setdefault(row.vehicle_id, set())
        theirs.add(row.customer_email.lower())
        held[row.vehicle_id] = Holding(row.vehicle_id, row.vehicle_name, before + days, len(theirs))
    return sorted((one for one in held.values() if one.days > MANY_DAYS), key=lambda one: -one.days)


def _still_held(today: date) -> tuple[ColumnElement[bool], ...]:
    return TABLE.c.state.in_(UNCONFIRMED), TABLE.c.date_to > today
