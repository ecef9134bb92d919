"""Every test of bookings once more, on PostgreSQL, where transactions run side by side."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lco.domain.booking import BookingEvent, State
from lco.odoo.errors import OutcomeUnknown
from tests.app.bookings import (
    conftest,
    test_admin,
    test_changing,
    test_mails,
    test_odoo_events,
    test_recovery,
    test_same_key,
    test_states,
    test_submission,
    test_sync,
)
from tests.app.bookings.fakes import DAYS, CountingDatabase
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures

MODULES = (
    test_submission,
    test_same_key,
    test_recovery,
    test_odoo_events,
    test_admin,
    test_mails,
    test_states,
    test_sync,
    test_changing,
)
ELSEWHERE = {
    "test_ical",
    "test_life",
    "test_missed_webhooks",
    "test_schemas",
    "test_other_processes",
    "test_typed_text",
}
"""What these test is the same on every database."""
FIXTURES = ("services", "booking_request", "other", "fragile_services")

globals().update({name: getattr(conftest, name) for name in FIXTURES})
for module in MODULES:
    globals().update({name: value for name, value in vars(module).items() if name.startswith("test_")})
for module in (test_odoo_events, test_admin, test_recovery, test_sync, test_changing):
    fixtures = {"booked", "left_open", "kept", "broken_off", "reader", "placed", "checking", "rented"} & vars(
        module
    ).keys()
    globals().update({name: getattr(module, name) for name in fixtures})


@pytest.fixture
def db(postgres):  # noqa: F811 - pytest's way to ask for a fixture
    db = CountingDatabase(postgres.engine.url.render_as_string(hide_password=False))
    yield db
    db.close()


def test_no_file_is_left_out():
    files = {path.stem for path in Path(conftest.__file__).parent.glob("test_*.py")}
    assert files == ELSEWHERE | {module.__name__.rpartition(".")[2] for module in MODULES}


def test_no_test_hides_another_of_the_same_name():
    names = Counter(name for module in MODULES for name in vars(module) if name.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []


def test_an_open_booking_is_settled_once_by_many_webhooks(services, booking_request):
    services.odoo.answer = OutcomeUnknown()
    booking = services.place(booking_request)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: services.on_created("BK-9", 7, booking_request.email, DAYS, None), range(16)))
    assert services.bookings.service.by_token(booking.token).reference == "BK-9"
    assert services.published("booking:1").count("booking.created") == 1
    assert services.published("bookings") == []


def test_odoo_events_that_comes_while_the_answer_is_written_down_is_never_lost(services, booking_request):
    with ThreadPoolExecutor(1) as webhook:
        for number in range(40):
            webhooks = []
            services.odoo.while_asked = lambda reference, webhooks=webhooks: webhooks.append(
                webhook.submit(services.on_confirmed, reference)
            )
            days = booking_request.days.shift(timedelta(days=7 * number))
            booking = services.place(replace(booking_request, days=days), str(number))
            webhooks[0].result(10)
            assert services.bookings.service.by_token(booking.token).state is State.CONFIRMED


def test_many_processes_look_after_one_kept_request_and_one_places_it(services, booking_request, advance_clock):
    services.odoo.answer = test_recovery.OdooUnavailable()
    kept = services.place(booking_request)
    services.odoo.answer = None
    advance_clock(test_recovery.SOON)
    processes = [services.another_process() for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda process: process.recovery.process_due(), processes))
    assert len(services.odoo.asked) == 2
    assert services.bookings.service.by_token(kept.token).state is State.BOOKED


def test_an_answer_and_its_webhook_side_by_side_never_deadlock(services, booking_request, caplog):
    """Two processes, of which one records Odoo's answer while the other receives Odoo's webhook about it."""
    other_process = services.another_process()
    with ThreadPoolExecutor(1) as webhook:
        for number in range(100):
            days, webhooks = booking_request.days.shift(timedelta(days=7 * number)), []

            def created(reference, days=days, webhooks=webhooks):
                event = BookingEvent(
                    reference,
                    State.BOOKED,
                    vehicle_id=7,
                    email=booking_request.email,
                    start=days.start,
                    end=days.end,
                )
                webhooks.append(webhook.submit(other_process.events.on_created, event))

            services.odoo.while_asked = created
            booking = services.place(replace(booking_request, days=days), f"key {number}")
            webhooks[0].result(timeout=30)
            assert booking.state is State.BOOKED
    assert "run again" not in caplog.text
