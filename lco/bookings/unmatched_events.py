"""News of references that no booking here is known by: one may be being placed this moment, or be in doubt."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, select

from lco import clock
from lco.bookings.mapping import BookingEvent, sha256, to_total
from lco.db.models import BookingRow, EarlyNews
from lco.domain.booking import State
from lco.domain.date_range import DateRange

MAX_AGE = timedelta(days=1)

# Statements on tables, built once: most webhooks are about bookings that were made in Odoo itself, and run these.
TABLE = cast("Table", EarlyNews.__table__)
BOOKINGS = cast("Table", BookingRow.__table__)
KEEP = insert(TABLE)
ABOUT = (
    select(TABLE)
    .where(TABLE.c.reference == bindparam("reference"), TABLE.c.received_at > bindparam("since"))
    .order_by(TABLE.c.id)
)
UNCLAIMED = (
    select(TABLE)
    .where(
        TABLE.c.vehicle_id == bindparam("vehicle_id"),
        TABLE.c.email_digest == bindparam("email"),
        ~select(BOOKINGS.c.id).where(BOOKINGS.c.reference == TABLE.c.reference).exists(),
    )
    .order_by(TABLE.c.id)
)


class UnmatchedEvent(NamedTuple):
    """What Odoo told of a reference, and when."""

    reference: str
    received_at: datetime
    news: BookingEvent


def save(
    connection: Connection,
    reference: str,
    news: BookingEvent,
    vehicle_id: int | None = None,
    email: str | None = None,
) -> bool:
    """Remember `news`, with whose they may be; False when the same had been heard before."""
    if news in find(connection, reference):
        return False
    row = {
        "reference": reference,
        "vehicle_id": vehicle_id,
        "email_digest": _digest(email) if email else None,
        "received_at": clock.now(),
        "state": news.state and str(news.state),
        "reason": news.reason,
        "date_from": news.days and news.days.start,
        "date_to": news.days and news.days.end,
        "total_amount": news.total and news.total.amount,
        "total_currency": news.total and news.total.currency,
    }
    connection.execute(KEEP, row)
    return True


def find(connection: Connection, reference: str | None) -> list[BookingEvent]:
    """What was told of the reference, oldest first."""
    rows = connection.execute(ABOUT, {"reference": reference, "since": clock.now() - MAX_AGE})
    return [_news(row) for row in rows]


def find_unclaimed(connection: Connection, vehicle_id: int, email: str) -> list[UnmatchedEvent]:
    """What was told of bookings for this vehicle and mail, where no booking here has the reference."""
    rows = connection.execute(UNCLAIMED, {"vehicle_id": vehicle_id, "email": _digest(email)})
    return [UnmatchedEvent(row.reference, row.received_at, _news(row)) for row in rows]


def purge(connection: Connection) -> None:
    """Delete what no booking has come to claim."""
    connection.execute(delete(TABLE).where(TABLE.c.received_at < clock.now() - MAX_AGE))


def _news(row: Row[*tuple[Any, ...]]) -> BookingEvent:
    return BookingEvent(
        state=State(row.state) if row.state else None,
        reason=row.reason,
        days=DateRange(row.date_from, row.date_to) if row.date_from and row.date_to else None,
        total=to_total(row),
    )


def _digest(email: str) -> str:
    """Enough to know an address again, and nobody's data."""
    return sha256(email.casefold())
