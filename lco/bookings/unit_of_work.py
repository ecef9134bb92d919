"""The one way from the verbs of a booking to its rows: a transaction, announced after its commit."""

from collections.abc import Iterator
from contextlib import contextmanager

from lco.bookings.publisher import BookingPublisher
from lco.bookings.repository import BookingRepository, MailWriter
from lco.db import Database


class BookingRecords:
    """What all verbs of bookings share."""

    def __init__(self, database: Database, announcer: BookingPublisher, mails: MailWriter) -> None:
        self._db = database
        self._announcer = announcer
        self._mails = mails

    @contextmanager
    def _repository(self) -> Iterator[BookingRepository]:
        """A transaction on the bookings; once it is committed, its steps are announced."""
        with self._db.connection() as connection:
            repository = BookingRepository(connection, self._mails)
            yield repository
        for booking, kind in repository.steps:
            self._announcer.step(booking, kind)
