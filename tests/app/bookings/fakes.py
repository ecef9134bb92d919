"""Bookings on a real database and change log, with Odoo, catalogue and availability in memory."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from lco.bookings.build import Bookings, build_bookings
from lco.bookings.terms import days_of
from lco.changes.log import ChangeLog, MemoryLog
from lco.db import Database
from lco.db.database import after_commit
from lco.db.models import BookingChange, BookingRow
from lco.domain.booking import Booking, BookingEvent, BookingRequest, OdooBooking, State
from lco.domain.change import ChangeQuote
from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.domain.quote import Quote
from lco.domain.vehicle import Rates, Status, Vehicle
from lco.errors import Gone, NotFound
from lco.odoo.bookings import BookingsPage, ChangeRow, ChangesPage
from lco.odoo.errors import BookingMoved, DatesRefused, OutcomeUnknown, RecordDeleted, VehicleUnknown
from tests.serving import wait_until

ZONE = ZoneInfo("America/Chicago")
DAYS = DateRange(date(2030, 1, 7), date(2030, 1, 11))
SAW = Vehicle(4, "Concrete Saw", "concrete-saw", Status.AVAILABLE, Rates())
MOWER = Vehicle(7, "Zero-Turn Mower", "zero-turn-mower", Status.AVAILABLE, Rates())


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def _terms(days: DateRange | None, total: Money | None) -> dict[str, object]:
    """The terms of an event that names these days and this total."""
    named = {"start": days.start, "end": days.end} if days else {}
    return named | ({"amount": total.amount, "currency": total.currency} if total else {})


class FakeOdoo:
    """Books every range of days once, like Odoo. `answer` is raised instead; `while_asked` runs in between."""

    def __init__(self) -> None:
        self.asked: list[BookingRequest] = []
        self.keys: list[str] = []
        self.taken: list[DateRange] = []
        self.answer: Exception | None = None
        self.first_id = 0
        self.while_asked = lambda reference: None
        self._lock = threading.Lock()
        self.records: dict[str, BookingEvent | None] = {}
        self.rows: list[ChangeRow] = []
        self.by_key: dict[str, BookingEvent] = {}
        self.reads: list[str] = []
        self.epoch = "a"
        self.booked: dict[str, BookingEvent] = {}
        self.changed: dict[str, BookingEvent] = {}
        self.attempts: list[str] = []
        self.refuses: Exception | None = None
        self.loses_answers = False

    def book(self, request: BookingRequest, key: str) -> OdooBooking:
        with self._lock:
            self.asked.append(request)
            self.keys.append(key)
            reference = f"BK-{len(self.asked)}"
        self.while_asked(reference)
        if self.answer:
            raise self.answer
        with self._lock:
            if any(request.days.overlaps(days) for days in self.taken):
                raise DatesRefused(upstream_status=409)
            self.taken.append(request.days)
            self.booked[reference] = BookingEvent(
                reference, State.BOOKED, start=request.days.start, end=request.days.end, version=1
            )
        return OdooBooking(reference, self.first_id + len(self.asked), "Thank you.", usd("640.00"))

    def quote(self, vehicle_id: int, days: DateRange) -> Quote:
        self.while_asked("")
        if self.answer:
            raise self.answer
        return Quote(vehicle_id, days, available=not any(days.overlaps(other) for other in self.taken))

    # Version 2 of the contract

    def booking(self, reference: str) -> BookingEvent:
        self.reads.append(reference)
        if self.answer:
            raise self.answer
        if reference in self.booked and reference not in self.records:
            return self.booked[reference]
        if reference not in self.records:
            raise VehicleUnknown(upstream_status=404)
        if self.records[reference] is None:
            raise RecordDeleted(upstream_status=410)
        return self.records[reference]

    def quote_change(self, reference: str, vehicle_id: int, days: DateRange) -> ChangeQuote:
        own = days_of(self.booked[reference])
        others = [other for other in self.taken if other != own]
        is_free = not any(days.overlaps(other) for other in others)
        return ChangeQuote(usd("640.00"), Quote(vehicle_id, days, is_free, usd("800.00"), bookable=is_free))

    def change_booking(self, reference: str, days: DateRange, version: int, key: str) -> BookingEvent:
        def changed(booking: BookingEvent) -> BookingEvent:
            others = list(self.taken)
            others.remove(days_of(booking))
            if any(days.overlaps(other) for other in others):
                raise DatesRefused(upstream_status=409)
            self.taken = [*others, days]
            return replace(booking, start=days.start, end=days.end)

        return self._once(reference, version, key, changed)

    def cancel_booking(self, reference: str, reason: str, version: int, key: str) -> BookingEvent:
        def cancelled(booking: BookingEvent) -> BookingEvent:
            self.taken.remove(days_of(booking))
            return replace(booking, state=State.CANCELLED, reason=reason)

        return self._once(reference, version, key, cancelled)

    def _once(
        self, reference: str, version: int, key: str, change: Callable[[BookingEvent], BookingEvent]
    ) -> BookingEvent:
        """Make the change once for each key; the refusals of 4.4 in the order of the module."""
        self.while_asked(reference)
        with self._lock:
            self.attempts.append(key)
            if self.refuses:
                raise self.refuses
            if key not in self.changed:
                booking = self.booked[reference]
                if booking.version != version:
                    raise BookingMoved(upstream_status=409)
                changed = replace(change(booking), version=version + 1)
                self.changed[key] = self.booked[reference] = changed
        if self.loses_answers:
            raise OutcomeUnknown
        return self.changed[key]

    def booking_by_key(self, key: str) -> BookingEvent | None:
        return self.by_key.get(key)

    def changes(self, after: str | None) -> ChangesPage:
        if after is None:
            return ChangesPage((), f"{self.epoch}.{len(self.rows)}", has_more=False)
        epoch, _, number = after.partition(".")
        if epoch != self.epoch:
            raise RecordDeleted(upstream_status=410)
        page = self.rows[int(number) : int(number) + 3]
        last = int(number) + len(page)
        return ChangesPage(tuple(page), f"{epoch}.{last}", has_more=last < len(self.rows))

    def bookings(self, after_id: int) -> BookingsPage:
        records = [record for record in self.records.values() if record]
        page = records[after_id : after_id + 2]
        return BookingsPage(tuple(page), after_id + 2 if after_id + 2 < len(records) else None)

    def write(self, event: BookingEvent) -> None:
        """Change a record, with a row in the feed, and no webhook."""
        self.records[event.reference] = event
        self.rows.append(ChangeRow(event.reference, event.version, is_deleted=False))

    def delete(self, reference: str, version: int) -> None:
        self.records[reference] = None
        self.rows.append(ChangeRow(reference, version, is_deleted=True))


class FakeContract:
    """Version 1 until a test changes it."""

    is_2 = False

    def reads_bookings(self) -> bool:
        return self.is_2


class FakeCatalogue:
    def __init__(self, availability: "FakeAvailability") -> None:
        self.vehicles = {MOWER.id: MOWER, SAW.id: SAW}
        self.invalidate = availability.invalidate

    def find(self, vehicle_id: int) -> Vehicle:
        if vehicle_id not in self.vehicles:
            raise Gone if vehicle_id == 8 else NotFound
        return self.vehicles[vehicle_id]

    def currency(self, vehicle_id: int | None) -> str:
        return (self.vehicles.get(vehicle_id) or self.vehicles[MOWER.id]).currency


class FakeAvailability:
    def __init__(self) -> None:
        self.forgotten: list[int] = []

    def invalidate(self, vehicle_id: int) -> None:
        self.forgotten.append(vehicle_id)


class FakeOutbox:
    """The mails to customers, as the outbox would keep them: rolled back with their transaction."""

    def __init__(self) -> None:
        self.written: list[tuple[int, str]] = []
        self.breaks_down = False

    def write(self, connection: Connection, message: str, booking: Booking) -> None:
        if self.breaks_down:
            raise RuntimeError("the outbox is broken")
        after_commit(connection, lambda: self.written.append((booking.id, message)))


class CountingDatabase(Database):
    """A real database that counts how often it is used."""

    opened = 0

    def session(self) -> AbstractContextManager[Session]:
        self.opened += 1
        return super().session()

    def connection(self) -> AbstractContextManager[Connection]:
        self.opened += 1
        return super().connection()


class BookingServices:
    """The services for bookings with fakes around them, and a record of their effects."""

    def __init__(self, db: CountingDatabase, max_open_days: int = 0) -> None:
        self.db = db
        self.max_open_days = max_open_days
        self.odoo = FakeOdoo()
        self.contract = FakeContract()
        self.availability = FakeAvailability()
        self.catalogue = FakeCatalogue(self.availability)
        self.changes = MemoryLog()
        self.start = self.changes.head()
        self.hits = 0
        self.mails = FakeOutbox()
        self.bookings = self.another_process()

    def another_process(self) -> Bookings:
        return self.process_with(self.changes)

    def process_with(self, changes: ChangeLog) -> Bookings:
        return build_bookings(
            db=self.db,
            odoo=self.odoo,
            contract=self.contract,
            catalogue=self.catalogue,
            availability=self.availability,
            changes=changes,
            mails=self.mails,
            zone=ZONE,
            max_open_days=self.max_open_days,
        )

    def place(self, request: BookingRequest, key: str = "key"):
        return self.bookings.service.place(request, key, self.hit)

    def on_created(self, reference, vehicle_id, email, days, total=None, **more) -> None:
        terms = {"vehicle_id": vehicle_id, "email": email, **_terms(days, total), **more}
        self.bookings.events.on_created(BookingEvent(reference, State.BOOKED, **terms))

    def on_confirmed(self, reference, **terms) -> None:
        self.bookings.events.on_changed(BookingEvent(reference, State.CONFIRMED, **terms))

    def on_cancelled(self, reference, reason="", **terms) -> None:
        self.bookings.events.on_changed(BookingEvent(reference, State.CANCELLED, reason, **terms))

    def on_modified(self, reference, days=None, total=None, **terms) -> None:
        self.bookings.events.on_changed(BookingEvent(reference, **_terms(days, total), **terms))

    def hit(self) -> None:
        self.hits += 1

    def begin_and_wait(self, thread: threading.Thread) -> None:
        """Start a thread that will find its booking being placed, and wait until it waits for that."""
        before = self.db.opened
        thread.start()
        wait_until(lambda: self.db.opened >= before + 3, "the other request to look a second time")

    def published(self, topic: str | None = None) -> list[str]:
        return [c.kind for c in self.changes.since(self.start) if topic is None or c.topic == topic]

    def mailed(self, booking_id: int = 1) -> list[str]:
        return [message for id_, message in self.mails.written if id_ == booking_id]

    def said(self) -> str:
        return str([(c.topic, c.kind, c.data) for c in self.changes.since(self.start)])

    def audit(self, booking_id: int = 1) -> list[tuple[str | None, str, str]]:
        with self.db.session() as session:
            rows = session.scalars(
                select(BookingChange).where(BookingChange.booking_id == booking_id).order_by(BookingChange.id)
            )
            return [(row.from_state, row.to_state, row.actor) for row in rows]

    def stored(self) -> int:
        with self.db.session() as session:
            return len(session.scalars(select(BookingRow)).all())
