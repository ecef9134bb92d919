"""A separate process whose children place or recover bookings and are killed at every line they run.

`python -m tests.integration.killed_process <place|attend> <Odoo's address> <database> <first> <every>`
prints a JSON line for each life that was cut short: at which line, what the bookings are after another
process has looked after them, and what Odoo has.
"""

import itertools
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta

import requests

from lco import clock
from lco.bookings.build import Bookings, build_bookings
from lco.changes.log import MemoryLog
from lco.db import Database
from lco.domain.booking import Booking, BookingEvent, BookingRequest, State
from lco.domain.date_range import DAY, DateRange
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport
from tests.app.bookings.fakes import ZONE, FakeAvailability, FakeCatalogue, FakeContract, FakeOutbox
from tests.serving import ROOT, free_port

WATCHED = tuple(str(ROOT / "lco" / package) for package in ("bookings", "db", "odoo"))
VEHICLE = 7


@contextmanager
def bookings_at(odoo: str, database: str) -> Iterator[Bookings]:
    """The bookings in `database`, which is closed afterwards: a child must not inherit a connection to SQLite.

    Source: sqlite.org/howtocorrupt.html, "Carrying an open database connection across a fork()".
    """
    db, availability = Database(database), FakeAvailability()
    try:
        yield build_bookings(
            db=db,
            odoo=OdooClient(Transport(odoo)),
            contract=FakeContract(),
            catalogue=FakeCatalogue(availability),
            availability=availability,
            changes=MemoryLog(),
            mails=FakeOutbox(),
            zone=ZONE,
        )
    finally:
        db.close()


def booking_request(life: int) -> BookingRequest:
    start = date.today() + timedelta(days=60) + DAY * 4 * life  # noqa: DTZ011 - any day far ahead will do
    return BookingRequest(
        VEHICLE, DateRange(start, start + DAY * 4), "Ada", f"life{life}@example.com", "+12185550142"
    )


def placed(life: int, odoo: str, database: str) -> Booking:
    with bookings_at(odoo, database) as bookings:
        return bookings.service.place(booking_request(life), f"key {life}", lambda: None)


def attended(odoo: str, database: str, *, advance_clock: float) -> None:
    with clock.moved(timedelta(seconds=advance_clock)), bookings_at(odoo, database) as bookings:
        bookings.recovery.process_due()


def in_a_child(work: Callable[[], object], kill_at: int | None = None) -> bool:
    """Whether the child came to its end; with `kill_at` it is killed when it has run so many lines of ours."""
    child = os.fork()
    if child == 0:
        if kill_at:
            sys.settrace(_killer(kill_at))
        with suppress(KeyboardInterrupt):
            work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


def _killer(line: int) -> Callable[..., object]:
    lines = itertools.count(1)

    def at_line(frame, event, argument):
        if event == "line" and next(lines) == line:
            os.kill(os.getpid(), signal.SIGKILL)
        return at_line

    return lambda frame, event, argument: at_line if frame.f_code.co_filename.startswith(WATCHED) else None


def recovered(odoo: str, database: str) -> None:
    """The recovery of the next process: it finds the interrupted booking, checks the dates, then places it."""
    for seconds in (60, 360, 600, 900):
        in_a_child(lambda seconds=seconds: attended(odoo, database, advance_clock=seconds))


def send_webhook(odoo: str, database: str, made: list[dict[str, str]]) -> None:
    """Odoo's webhook, which comes late."""
    with bookings_at(odoo, database) as bookings:
        for booking in made:
            days = DateRange(*(date.fromisoformat(booking[name]) for name in ("date_from", "date_to")))
            event = BookingEvent(
                booking["booking_ref"],
                State.BOOKED,
                vehicle_id=VEHICLE,
                email=booking["customer_email"],
                start=days.start,
                end=days.end,
            )
            bookings.events.on_created(event)


def lived(life: int, what: str, odoo: str, database: str) -> bool:
    """Whether this child ended by itself."""
    if what == "place":
        return in_a_child(lambda: placed(life, odoo, database), kill_at=life)
    nowhere = f"http://127.0.0.1:{free_port()}"
    in_a_child(lambda: placed(life, nowhere, database))
    return in_a_child(lambda: attended(odoo, database, advance_clock=6), kill_at=life)


def made_in_odoo(life: int, odoo: str) -> list[dict[str, str]]:
    everything = requests.get(f"{odoo}/demo/state", timeout=60).json()["bookings"]
    return [booking for booking in everything if booking["customer_email"] == booking_request(life).email]


def main(what: str, odoo: str, database: str, first: str, every: str) -> None:
    for life in itertools.count(int(first), int(every)):
        ended = lived(life, what, odoo, database)
        recovered(odoo, database)
        made = made_in_odoo(life, odoo)
        send_webhook(odoo, database, made)
        with bookings_at(odoo, database) as bookings:
            known = bookings.admin.newest(1)
        ours = [booking for booking in known if booking.request.email == booking_request(life).email]
        result = {"life": life, "ended": ended, "odoo": [booking["booking_ref"] for booking in made]}
        result |= {"states": [booking.state for booking in ours], "references": [one.reference for one in ours]}
        sys.stdout.write(json.dumps(result) + "\n")
        if ended:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
