"""Read from Odoo the changes of bookings that webhooks may have missed (docs/odoo-contract.md, section 4.3)."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from lco import clock, metrics
from lco.bookings.odoo_events import OdooBookingEvents
from lco.bookings.unit_of_work import UnitOfWork
from lco.db.database import retry_conflicts
from lco.domain.booking import BookingEvent, State
from lco.locks import KeyedLock
from lco.odoo.bookings import BookingsPage, ChangeRow, ChangesPage
from lco.odoo.errors import KeyRequired, RecordDeleted, VehicleUnknown

log = logging.getLogger(__name__)

FEED = "odoo"
BATCH = 500
"""Bookings that are read and applied in one transaction."""


class Reader(Protocol):
    """The calls of version 2: see `lco.odoo.client.OdooClient`."""

    def booking(self, reference: str) -> BookingEvent:
        """One booking. Raises VehicleUnknown, RecordDeleted and OdooError."""

    def changes(self, after: str | None) -> ChangesPage:
        """A page of the feed. Raises RecordDeleted when the cursor has expired."""

    def bookings(self, after_id: int) -> BookingsPage:
        """A page of all bookings."""


class Contract(Protocol):
    """See `lco.odoo.contract.Contract`."""

    def reads_bookings(self) -> bool:
        """Whether Odoo has the calls of `Reader`."""


class BookingSync:
    """Follows the changes feed, and reads each changed booking that this site has."""

    def __init__(self, uow: UnitOfWork, odoo: Reader, contract: Contract, events: OdooBookingEvents) -> None:
        self._uow = uow
        self._odoo = odoo
        self._contract = contract
        self._events = events
        self._under_way = KeyedLock()

    def read(self) -> None:
        """Apply all changes since the last reading. Call on a webhook and every RECONCILE_SECONDS.

        Does nothing with an Odoo of version 1. Raises OdooError and DatabaseUnavailable.
        """
        if not self._contract.reads_bookings():
            return
        with self._under_way.hold(FEED):
            try:
                self._read_feed()
            except KeyRequired:
                log.warning("odoo has no API key set, so its bookings cannot be read")

    def _read_feed(self) -> None:
        with self._uow() as bookings:
            cursor = bookings.feed_cursor(FEED)
        if cursor is None:
            return self._read_all()
        try:
            newest, cursor = self._changes_after(cursor)
            metrics.odoo_changes.inc(len(newest))
        except RecordDeleted:
            log.warning("the cursor of odoo's changes has expired: all bookings are read")
            return self._read_all()
        rows = sorted(newest.values())
        while len(rows) > BATCH:
            self._apply(self._changed(rows[:BATCH]), None)
            rows = rows[BATCH:]
        return self._apply(self._changed(rows), cursor)

    def _changes_after(self, cursor: str) -> tuple[dict[str, ChangeRow], str]:
        """The newest row of each booking behind `cursor`, over all pages, and the cursor behind them.

        All pages first, so that a booking that changed often is read once. Raises RecordDeleted.
        """
        newest: dict[str, ChangeRow] = {}
        has_more = True
        while has_more:
            page = self._odoo.changes(cursor)
            newest |= {row.reference: row for row in page.rows}
            cursor, has_more = page.next_cursor, page.has_more
        return newest, cursor

    def _read_all(self) -> None:
        """Read every booking. The cursor is from before, so that no change in the meantime is missed."""
        cursor = self._odoo.changes(None).next_cursor
        next_id: int | None = 0
        while next_id is not None:
            page = self._odoo.bookings(next_id)
            self._apply(page.events, None)
            next_id = page.next_id
        self._apply((), cursor)

    def _changed(self, rows: Sequence[ChangeRow]) -> Iterator[BookingEvent]:
        """The bookings of `rows` as Odoo has them now; only those that this site has.

        A booking is read also when a webhook named its version, as webhooks do not name every term.
        """
        with self._uow() as bookings:
            known = bookings.known_references([row.reference for row in rows])
        for row in rows:
            if row.reference in known and (event := self._current(row)):
                yield event

    def _current(self, row: ChangeRow) -> BookingEvent | None:
        deleted = BookingEvent(row.reference, State.CANCELLED, version=row.version)
        if row.is_deleted:
            return deleted
        try:
            return self._odoo.booking(row.reference)
        except RecordDeleted:
            return deleted
        except VehicleUnknown:
            log.warning("odoo told of a booking that it does not know: %s", row.reference)
            return None

    def _apply(self, events: Iterable[BookingEvent], cursor: str | None) -> None:
        """Apply the events and store the cursor behind them, both or neither."""
        completed = sorted(map(self._events.completed, events), key=lambda event: event.reference)
        self._apply_completed(completed, cursor)

    @retry_conflicts
    def _apply_completed(self, events: Iterable[BookingEvent], cursor: str | None) -> None:
        with self._uow() as bookings:
            known = bookings.known_references([event.reference for event in events])
            wanted = [event for event in events if event.reference in known]
            for event in wanted:
                bookings.lock_reference(event.reference)
            for event in wanted:
                for booking in bookings.by_reference(event.reference):
                    bookings.apply_event(booking, event)
            if cursor is not None:
                bookings.store_feed_cursor(FEED, cursor, clock.now())
