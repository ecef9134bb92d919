"""The requests of customers to change their bookings, each kept with what became of it."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from lco.db.models import Base
from lco.db.types import UtcDateTime

SENDING = text("state = 'sending'")


class ChangeRequestRow(Base):
    """One request. States are those of `lco.domain.change.ChangeState`; of a booking one at most is `sending`."""

    __tablename__ = "change_requests"
    __table_args__ = (
        Index(
            "ix_change_requests_sending",
            "booking_id",
            unique=True,
            postgresql_where=SENDING,
            sqlite_where=SENDING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), index=True)
    key_digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the booking's secret and the customer's idempotency key."""
    date_from: Mapped[date | None]
    """NULL for a cancellation."""
    date_to: Mapped[date | None]
    version: Mapped[int] = mapped_column(BigInteger)
    """Odoo's version of the booking that the customer saw."""
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    refusal: Mapped[str | None] = mapped_column(String(20))
    sentence: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int]
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """The instant at which it is sent again, if it is not settled by then: the lease, as with bookings."""
