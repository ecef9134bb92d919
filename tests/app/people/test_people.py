"""After an erasure nothing in the database, its files or the mail files names the person."""

import json
import sqlite3
import stat
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from lco import clock
from lco.bookings.mapping import sha256
from lco.domain.booking import Actor, BookingRequest, State
from lco.domain.date_range import DAY, DateRange
from lco.errors import InvalidInput, NotFound
from lco.settings import Settings
from lco.webhooks import schemas
from tests.app.mail.fakes import send_mails
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures

MAIL = "ann.larsen@example.com"
SECRETS = ("Ann Larsen", "ann.larsen", "12185550199", "gate code 4711", "Birch Lane 9", "Main Street 3")


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def app(request, make_app, settings: Settings):
    url = settings.database_url
    if request.param == "PostgreSQL":
        database = request.getfixturevalue("postgres")
        url = database.engine.url.render_as_string(hide_password=False)
    app = make_app(database_url=url, keep_customers_days=30)
    app.extensions["lco"].db.migrate()
    yield app
    app.extensions["lco"].db.close()


@pytest.fixture
def services(app, odoo):
    services = app.extensions["lco"]
    services.catalogue.vehicles()
    return services


@pytest.fixture
def run(app):
    return lambda *arguments: app.test_cli_runner().invoke(args=["lco", *arguments])


def booking_request(settings: Settings, vehicle: int = 3, email: str = MAIL, ahead: int = 90) -> BookingRequest:
    start = clock.today(settings.timezone) + timedelta(days=ahead)
    return BookingRequest(
        vehicle,
        DateRange(start, start + DAY * 4),
        "Ann Larsen",
        email,
        "+12185550199",
        pickup_location="Birch Lane 9",
        return_location="Main Street 3",
        message="The gate code 4711 opens the yard.",
    )


def receive_webhook(services, kind: str, delivery: str, **fields: str) -> None:
    body = json.dumps({"event_type": kind, "customer_name": "Ann Larsen", **fields}).encode()
    services.inbox.receive(schemas.parse_event("booking", body), delivery)


def dump(app, settings: Settings) -> str:
    """Everything in the database, and on SQLite every byte of its files; and all mail files."""
    url = app.extensions["lco"].db.engine.url
    mails = "".join(path.read_text() for path in settings.mail_dir.glob("*"))
    if url.get_backend_name() == "sqlite":
        path = Path(url.database)
        connection = sqlite3.connect(path)
        rows = "\n".join(connection.iterdump())
        connection.close()
        files = "".join(found.read_bytes().decode("latin-1") for found in path.parent.glob(f"{path.name}*"))
        return rows + files + mails
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return subprocess.run(["pg_dump", address], capture_output=True, text=True, check=True).stdout + mails


def names_in(text: str) -> list[str]:
    return [secret for secret in (*SECRETS, sha256(MAIL)) if secret.lower() in text.lower()]


@pytest.fixture
def customer(app, services, odoo, settings):
    """A customer in every table: booked, of unknown outcome, kept, written to, named by webhooks."""
    booked = services.bookings.service.place(booking_request(settings), "first", lambda: None)
    receive_webhook(services, "booking.confirmed", "msg_1", booking_ref=booked.reference)
    receive_webhook(
        services,
        "booking.cancelled",
        "msg_2",
        booking_ref=booked.reference,
        cancellation_reason="Ann Larsen called",
    )
    receive_webhook(services, "booking.created", "msg_3", booking_ref="BK-unknown", customer_email=MAIL.upper())
    receive_webhook(services, "booking.unheard_of", "msg_4", booking_ref="BK-x", note=f"Write to <{MAIL}>")
    send_mails(app)
    odoo.fails_with = requests.ReadTimeout()
    services.bookings.service.place(booking_request(settings, ahead=120), "second", lambda: None)
    odoo.fails_with = requests.ConnectionError()
    services.bookings.service.place(
        booking_request(settings, ahead=150, email=MAIL.title()), "third", lambda: None
    )
    odoo.fails_with = None
    send_mails(app)
    assert list(settings.mail_dir.glob("*.eml"))
    return booked


@pytest.mark.parametrize("by", ["mail", "number"])
def test_erased_customer_is_in_no_table_no_file_and_no_mail(app, services, settings, customer, run, by):
    assert len(names_in(dump(app, settings))) == len(SECRETS) + 1, "the customer is not where this test looks"
    done = run("erase", MAIL if by == "mail" else str(customer.id), "--yes")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("3 bookings, ")
    assert "booking 2" in done.output, "Odoo may have made the one in checking"
    assert names_in(dump(app, settings)) == []


def test_bookings_and_the_audit_stay_after_an_erasure(app, services, customer, run):
    before = services.bookings.admin.audit()
    assert run("erase", MAIL, "--yes").exit_code == 0
    after = services.bookings.admin.audit()
    assert [(step.id, step.booking_id, step.after) for step in after][: len(before)] == [
        (step.id, step.booking_id, step.after) for step in before
    ]
    assert {step.reason for step in after if step.actor == "site"} >= {"erased"}
    kept = services.bookings.admin.newest(10)
    assert {(one.state, one.request.email, one.request.name) for one in kept} == {
        (State.CANCELLED, "", ""),
        (State.DECLINED, "", ""),
    }
    assert kept[-1].reference == customer.reference


def test_other_customers_stay_as_they_are(app, services, settings, customer, run):
    other = services.bookings.service.place(
        booking_request(settings, vehicle=4, email="larsen@example.com"), "o", lambda: None
    )
    assert run("erase", MAIL, "--yes").exit_code == 0
    assert services.bookings.service.by_token(other.token) == other


def test_erased_customer_gets_no_mail_about_later_changes(app, services, customer, settings, run):
    booked = services.bookings.service.place(booking_request(settings, vehicle=4), "fourth", lambda: None)
    assert run("erase", MAIL, "--yes").exit_code == 0
    receive_webhook(services, "booking.confirmed", "msg_9", booking_ref=booked.reference)
    assert services.bookings.service.by_token(booked.token).state is State.CONFIRMED
    assert services.outbox.waiting(10) == []


def test_erased_delivery_cannot_be_replayed(services, customer, run):
    assert run("erase", MAIL, "--yes").exit_code == 0
    done = run("webhooks", "--replay", "msg_1")
    assert done.exit_code == 1
    assert "erased" in done.output


def test_booking_that_is_being_placed_is_not_erased(services, settings, run):
    with services.db.connection() as connection:
        from lco.bookings.repository import BookingRepository

        repository = BookingRepository(connection, services.outbox)
        repository.transition(repository.add(booking_request(settings), "k", "Saw"), State.PLACING, Actor.CUSTOMER)
    done = run("erase", MAIL, "--yes")
    assert done.exit_code == 1
    assert "being placed" in done.output


@pytest.mark.parametrize("who", ["unknown@example.com", "99"])
def test_unknown_person_is_reported(services, run, who):
    for command in (["erase", who, "--yes"], ["erase", who, "--json"]):
        done = run(*command)
        assert done.exit_code == 1
        assert who in done.output


def test_export_holds_all_that_is_kept(services, customer, run):
    done = run("export", MAIL.upper())
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert len(found["bookings"]) == 3
    assert len(found["webhooks"]) == 4
    assert {step["after"] for step in found["audit"]} >= {"booked", "confirmed", "cancelled"}
    assert found["mails"]
    for secret in SECRETS:
        assert secret.lower() in done.output.lower()


def test_ended_bookings_forget_their_customer_after_the_days_set(app, services, settings, customer):
    services.people.forget_ended()
    assert all(one.request.email for one in services.bookings.admin.newest(10))
    with clock.moved(timedelta(days=29)):
        services.people.forget_ended()
    assert all(one.request.email for one in services.bookings.admin.newest(10))
    with clock.moved(timedelta(days=31)):
        assert services.people.forget_ended() == 1
        assert services.people.forget_ended() == 0
    assert [one.state for one in services.bookings.admin.newest(10) if not one.request.email] == [State.CANCELLED]


def test_booking_forgets_its_customer_after_its_last_day(services, settings):
    booked = services.bookings.service.place(booking_request(settings), "first", lambda: None)
    with clock.moved(timedelta(days=94 + 29)):
        assert services.people.forget_ended() == 0
    with clock.moved(timedelta(days=94 + 32)):
        assert services.people.forget_ended() == 1
    assert services.bookings.service.by_token(booked.token).request.name == ""


def test_customers_are_kept_for_ever_without_the_setting(services, settings):
    services.people._keep_days = 0
    services.bookings.service.place(booking_request(settings), "first", lambda: None)
    with clock.moved(timedelta(days=9000)):
        assert services.people.forget_ended() == 0


def test_audit_still_refuses_every_other_change(services, customer):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    for statement in (
        "UPDATE booking_changes SET reason = 'x'",
        "UPDATE booking_changes SET reason = '', actor = 'x'",
        "UPDATE booking_changes SET at = '2020-01-01', reason = ''",
        "DELETE FROM booking_changes",
    ):
        with pytest.raises(DBAPIError), services.db.engine.begin() as connection:
            connection.execute(text(statement))


@pytest.mark.parametrize(("field", "value"), [("email", MAIL.title()), ("phone", "+12185550199")])
def test_one_mail_address_or_phone_holds_a_bounded_number_of_days(make_app, settings, odoo, field, value):
    services = make_app(max_open_days=10).extensions["lco"]
    services.db.migrate()
    services.catalogue.vehicles()
    other = {"email": "other@example.com", "phone": "+12185550100"}
    for number in range(2):  # eight days
        services.bookings.service.place(
            booking_request(settings, ahead=90 + 10 * number), f"k{number}", lambda: None
        )
    again = replace(booking_request(settings, ahead=150), **(other | {field: value}))
    with pytest.raises(InvalidInput, match="12 days"):
        services.bookings.service.place(again, "third", lambda: None)
    third_customer = replace(again, email="third@example.com", phone="+12185550101")
    services.bookings.service.place(third_customer, "fourth", lambda: None)
    first = services.bookings.admin.newest(10)[-1]
    receive_webhook(services, "booking.confirmed", "msg_1", booking_ref=first.reference)
    services.bookings.service.place(replace(again, vehicle_id=5), "fifth", lambda: None)


def test_machines_with_many_unconfirmed_days_are_shown_to_staff(make_app, settings, odoo):
    app = make_app(max_open_days=0, ops_token="token-of-the-operator")
    services = app.extensions["lco"]
    services.db.migrate()
    services.catalogue.vehicles()
    request = booking_request(settings, ahead=40)
    start = request.days.start
    for number in range(3):
        days = DateRange(start + DAY * 30 * number, start + DAY * (30 * number + 25))
        services.bookings.service.place(
            replace(request, days=days, email=f"c{number}@example.com"), f"k{number}", lambda: None
        )
    page = app.test_client().get("/ops", headers={"Authorization": "Bearer token-of-the-operator"})
    assert "75 days held by 3 customers" in page.text


def test_files_of_the_database_and_of_mails_are_private(make_app, settings, odoo):
    path = Path(settings.database_url.removeprefix("sqlite:///"))
    path.touch(0o644)
    app = make_app()
    services = app.extensions["lco"]
    services.db.migrate()
    services.catalogue.vehicles()
    services.bookings.service.place(booking_request(settings), "first", lambda: None)
    send_mails(app)
    files = [*path.parent.glob(f"{path.name}*"), *settings.mail_dir.glob("*.eml")]
    assert len(files) == 4, files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_an_invalid_address_is_refused(services):
    for who in ("", "ann", "@", "12 34"):
        with pytest.raises((InvalidInput, NotFound)):
            services.people.find(who)
