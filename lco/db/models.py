"""The tables: bookings, every change of theirs, unmatched events, and webhook deliveries."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, MetaData, String, Text, text, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from lco.db.types import DecimalText, UtcDateTime

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of all tables, with one naming convention for constraints."""

    metadata = MetaData(naming_convention=NAMES)


class BookingRow(Base):
    """One booking, from the intent on. States are those of `lco.domain.booking.State`."""

    __tablename__ = "bookings"
    __table_args__ = (Index(None, "vehicle_id", "state"), Index(None, "state", "date_to"))

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    """The secret in the customer's link."""
    key_digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the idempotency key: the key itself may be anything and is never needed again."""
    request_digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    refusal: Mapped[str | None] = mapped_column(String(20))
    """The code of the reason why Odoo declined; set when `state` is declined."""
    reason: Mapped[str] = mapped_column(Text)
    vehicle_id: Mapped[int]
    vehicle_name: Mapped[str] = mapped_column(Text)
    date_from: Mapped[date]
    date_to: Mapped[date]
    customer_name: Mapped[str] = mapped_column(Text)
    customer_email: Mapped[str] = mapped_column(String(320))
    customer_phone: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    pickup_location: Mapped[str] = mapped_column(Text)
    return_location: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(String(100), index=True)
    odoo_id: Mapped[int | None] = mapped_column(BigInteger)
    odoo_message: Mapped[str] = mapped_column(Text)
    total_amount: Mapped[Decimal | None] = mapped_column(DecimalText)
    total_currency: Mapped[str | None] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changes: Mapped[int]
    tries: Mapped[int]
    """The number of attempts of the site to ask Odoo."""
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """The instant at which the site processes it next. The first process to do so moves it on: it is the lease."""
    version: Mapped[int | None] = mapped_column(BigInteger)
    """Odoo's version of the booking that is shown (docs/odoo-contract.md, section 4.5); NULL when not known."""
    odoo_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The instant of Odoo's event that was applied last, by Odoo's clock."""
    told: Mapped[str | None] = mapped_column(Text)
    """The version and the instant of the event that named each term last, as JSON by its name."""
    picked_up_on: Mapped[date | None]
    returned_on: Mapped[date | None]
    terms_digest: Mapped[str | None] = mapped_column(String(64))
    """The rental terms that its customer has agreed to; NULL when there were none."""


class AgreementRow(Base):
    """Rental terms as they were shown to customers who agreed to them; each text once, never altered."""

    __tablename__ = "agreements"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the text."""
    text: Mapped[str] = mapped_column(Text)


class BookingChange(Base):
    """One step in a booking's life, added in the transaction of the step; triggers refuse any other change.

    `published` may be set, and a reason be emptied: staff write reasons and may name a customer in them.
    """

    __tablename__ = "booking_changes"
    __table_args__ = (
        Index(
            "ix_booking_changes_unpublished",
            "id",
            postgresql_where=text("NOT published"),
            sqlite_where=text("NOT published"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(20))
    """The cause: customer, site, answer (Odoo's own), webhook or person."""
    from_state: Mapped[str | None] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    published: Mapped[bool] = mapped_column(server_default=true())
    """Whether the change log has it. Another process publishes what is left unpublished for some seconds."""


class UnmatchedEventRow(Base):
    """An event about a reference that no booking here has: its booking may still be being placed."""

    __tablename__ = "early_news"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(100), index=True)
    vehicle_id: Mapped[int | None]
    email_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    """SHA-256 of the customer's address: enough to find it again, and not personal data."""
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    state: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    date_from: Mapped[date | None]
    date_to: Mapped[date | None]
    total_amount: Mapped[Decimal | None] = mapped_column(DecimalText)
    total_currency: Mapped[str | None] = mapped_column(String(10))
    terms: Mapped[str | None] = mapped_column(Text)
    """The whole event as JSON; NULL in rows of releases that knew only the columns above."""


class Delivery(Base):
    """A webhook delivery, kept so that the same one is never applied twice, and none is lost."""

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "subject", "received_at"),)

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    """The sender's own `webhook-id`, or one made up for a delivery that has none."""
    endpoint: Mapped[str] = mapped_column(String(20))
    event_type: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(120))
    """The subject: `vehicle:7`, `booking:BK-…`, or the type of an event that the site does not know."""
    digest: Mapped[str] = mapped_column(String(64), index=True)
    """SHA-256 of the body, which identifies a delivery that has no id."""
    payload: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[str] = mapped_column(String(100))
    """The outcome, in a word or two; of one that failed the kind of error, never its text."""
    tries: Mapped[int]
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """The instant at which it is applied (again) unless that is done by then: the lease of a process."""


class FeedCursor(Base):
    """The position up to which a feed of Odoo was read, stored in the transaction of the rows that were read."""

    __tablename__ = "feed_cursors"

    feed: Mapped[str] = mapped_column(String(20), primary_key=True)
    cursor: Mapped[str] = mapped_column(Text)
    """A text that only Odoo reads."""
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
