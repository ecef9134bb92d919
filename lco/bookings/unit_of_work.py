"""The one way from the verbs of a booking to its rows: a transaction, announced after its commit."""

from collections.abc import Iterator
from contextlib import contextmanager

from lco.bookings.publisher import Announcer
from lco.bookings.repository import Ledger, Mails
from lco.db import Store


class BookingRecords:
    """What all verbs of bookings share."""

    def __init__(self, store: Store, announcer: Announcer, mails: Mails) -> None:
        self._store = store
        self._announcer = announcer
        self._mails = mails

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        """A transaction on the bookings; once it is committed, its steps are announced."""
        with self._store.connection() as connection:
            ledger = Ledger(connection, self._mails)
            yield ledger
        for booking, kind in ledger.steps:
            self._announcer.step(booking, kind)
