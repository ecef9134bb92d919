"""Events of references that no booking here has (yet): its booking may be under way, or its result not known."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, select

from lco.bookings.mapping import sha256
from lco.db.models import BookingRow, UnmatchedEventRow
from lco.domain.booking import BookingEvent, State
from lco.domain.date_range import DateRange

MAX_AGE = timedelta(days=1)
FIRST = datetime.min.replace(tzinfo=UTC)
STORED = sorted(field.name for field in fields(BookingEvent))
WITHHELD = {"customer_name": None, "email": None}

# Statements on tables, built once: most webhooks are about bookings that were made in Odoo itself, and run these.
TABLE = cast("Table", UnmatchedEventRow.__table__)
BOOKINGS = cast("Table", BookingRow.__table__)
COLUMNS = [column for column in TABLE.columns if column.name != "id"]
SAVE = (
    insert(TABLE)
    .from_select(
        [column.name for column in COLUMNS],
        select(*(bindparam(column.name, type_=column.type) for column in COLUMNS)).where(
            ~select(TABLE.c.id)
            .where(
                TABLE.c.reference == bindparam("reference"),
                TABLE.c.terms == bindparam("terms"),
                TABLE.c.received_at > bindparam("since"),
            )
            .exists()
        ),
    )
    .returning(TABLE.c.id)
)
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

OF_OTHERS = (
    select(TABLE.c.reference)
    .where(
        TABLE.c.vehicle_id == bindparam("vehicle_id"),
        TABLE.c.email_digest != bindparam("email"),
        TABLE.c.received_at > bindparam("since"),
    )
    .distinct()
    .order_by(TABLE.c.reference)
)


class UnmatchedEvent(NamedTuple):
    """An event, and when it was received."""

    received_at: datetime
    event: BookingEvent


def save(connection: Connection, event: BookingEvent, now: datetime) -> bool:
    """Store `event`. Returns False when an equal one is stored already."""
    row = {
        "reference": event.reference,
        "vehicle_id": event.vehicle_id,
        "email_digest": _digest(event.email) if event.email else None,
        "received_at": now,
        "state": event.state and str(event.state),
        "reason": event.reason,
        "date_from": event.start,
        "date_to": event.end,
        "total_amount": event.amount,
        "total_currency": event.currency,
        "terms": _dumps(event),
        "since": now - MAX_AGE,
    }
    return connection.execute(SAVE, row).one_or_none() is not None


def find(connection: Connection, reference: str | None, now: datetime) -> list[BookingEvent]:
    """The events of the reference by version, by Odoo's time, or in the order in which they came."""
    rows = connection.execute(ABOUT, {"reference": reference, "since": now - MAX_AGE})
    return sorted(map(_event, rows), key=lambda event: (event.version or 0, event.at or FIRST))


def find_unclaimed(connection: Connection, vehicle_id: int, email: str) -> list[UnmatchedEvent]:
    """The events for this vehicle and address of references that no booking here has."""
    rows = connection.execute(UNCLAIMED, {"vehicle_id": vehicle_id, "email": _digest(email)})
    return [UnmatchedEvent(row.received_at, _event(row)) for row in rows]


def others_days(connection: Connection, vehicle_id: int, email: str, since: datetime) -> list[DateRange]:
    """The days of the vehicle's live bookings that Odoo has reported since then, without those of `email`."""
    wanted = {"vehicle_id": vehicle_id, "email": _digest(email), "since": since}
    references = connection.execute(OF_OTHERS, wanted).scalars().all()
    days = (_live_days(find(connection, reference, since + MAX_AGE)) for reference in references)
    return [one for one in days if one]


def _live_days(events: Iterable[BookingEvent]) -> DateRange | None:
    """The days after all of `events` about one booking. Returns None when it is cancelled or not clear."""
    start = end = state = None
    for event in events:
        start, end, state = event.start or start, event.end or end, event.state or state
    return DateRange(start, end) if start and end and start < end and state is not State.CANCELLED else None


def purge(connection: Connection, now: datetime) -> None:
    """Delete the events that are too old to belong to a booking of this site."""
    connection.execute(delete(TABLE).where(TABLE.c.received_at < now - MAX_AGE))


def _dumps(event: BookingEvent) -> str:
    """The event as JSON, without the name and the address, which is stored as a digest alone."""
    return json.dumps({name: getattr(event, name) for name in STORED} | WITHHELD, default=str)


def _event(row: Row[*tuple[Any, ...]]) -> BookingEvent:
    return _loads(json.loads(row.terms)) if row.terms else _event_of_columns(row)


def _loads(terms: Mapping[str, Any]) -> BookingEvent:
    days = ("start", "end", "picked_up_on", "returned_on")
    return BookingEvent(
        **{
            **terms,
            **{name: date.fromisoformat(terms[name]) if terms[name] else None for name in days},
            "state": State(terms["state"]) if terms["state"] else None,
            "amount": None if terms["amount"] is None else Decimal(terms["amount"]),
            "at": datetime.fromisoformat(terms["at"]) if terms["at"] else None,
        }
    )


def _event_of_columns(row: Row[*tuple[Any, ...]]) -> BookingEvent:
    """A row of a release that stored no terms."""
    return BookingEvent(
        row.reference,
        State(row.state) if row.state else None,
        row.reason,
        start=row.date_from,
        end=row.date_to,
        amount=row.total_amount,
        currency=row.total_currency,
    )


def _digest(email: str) -> str:
    """Identify an address without holding it."""
    return sha256(email.casefold())
