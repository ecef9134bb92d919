"""Wishes to be told when a machine becomes free, each with the mail that is still to be sent about it."""

from datetime import date, datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from lco.db.models import Base
from lco.db.types import UtcDateTime


class WishRow(Base):
    """One wish. States are those of `lco.domain.wish.WishState`."""

    __tablename__ = "wishes"
    __table_args__ = (
        Index(None, "vehicle_id", "state", "date_from", "date_to"),
        Index(None, "state", "date_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    """The secret in the links of its mails."""
    vehicle_id: Mapped[int]
    vehicle_name: Mapped[str] = mapped_column(Text)
    date_from: Mapped[date]
    date_to: Mapped[date]
    email: Mapped[str] = mapped_column(String(320), index=True)
    """Emptied when the wish ends."""
    state: Mapped[str] = mapped_column(String(20))
    ending: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    turn_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """Until when the days are offered to this customer alone. NULL once the next one may be told."""
    message: Mapped[str | None] = mapped_column(String(20))
    """The mail that is still to be sent; NULL when there is none."""
    message_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """The instant at which it is sent (again): a lease while it is being sent."""
    attempts: Mapped[int]
