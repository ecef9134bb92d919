"""The outbox: every mail that a booking has caused, from the step that caused it until it is sent or given up."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lco.db.models import Base
from lco.db.types import UtcDateTime


class Mail(Base):
    """One mail, written in the transaction of its reason. States are those of `lco.mail.outbox.MailState`."""

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("booking_id", "message", "changes"),
        Index(None, "state", "due_at"),
        Index(None, "written_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id", ondelete="CASCADE"))
    message: Mapped[str] = mapped_column(String(20))
    """The kind of mail: one of `lco.mail.composer.MailKind`."""
    changes: Mapped[int]
    """The booking's own count of changes at that time: a mail about the same change is written once."""
    snapshot: Mapped[str] = mapped_column(Text)
    """The booking as it was then, as JSON; emptied once the mail is sent."""
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """No worker claims the mail before: a lease while it is being sent, a pause after a failed attempt."""
    problem: Mapped[str] = mapped_column(String(200))
    """The reason why the last attempt failed, without any address."""
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The instant at which it was sent or given up."""

    @property
    def title(self) -> str:
        """Which mail it is, for the log."""
        return f"{self.id} ({self.message})"
