"""The rental terms within one transaction: each text is stored once, and bookings name it by its digest."""

from typing import cast

from sqlalchemy import Connection, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from lco.db.models import AgreementRow, BookingRow
from lco.domain.agreement import Agreement

TABLE = cast("Table", AgreementRow.__table__)
BOOKINGS = cast("Table", BookingRow.__table__)
STORE = {
    "sqlite": sqlite.insert(TABLE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(TABLE).on_conflict_do_nothing(),
}
AGREED = (
    select(TABLE.c.text)
    .join(BOOKINGS, BOOKINGS.c.terms_digest == TABLE.c.digest)
    .where(BOOKINGS.c.id == bindparam("booking_id"))
)


def store(connection: Connection, agreement: Agreement) -> None:
    """Store the text of `agreement`, unless it is stored."""
    connection.execute(STORE[connection.dialect.name], {"digest": agreement.digest, "text": agreement.text})


def agreed(connection: Connection, booking_id: int) -> Agreement | None:
    """The terms that the customer of the booking has agreed to. Returns None when there were none."""
    text = connection.execute(AGREED, {"booking_id": booking_id}).scalar()
    return Agreement(text) if text else None
