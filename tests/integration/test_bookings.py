"""Bookings over real HTTP, on both databases: crowds, killed processes, an Odoo that is away or hangs."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
import requests
from sqlalchemy import update

from lco import clock
from lco.db import Database
from lco.db.models import BookingRow
from lco.domain.booking import State
from tests import serving
from tests.factories import order
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures

BOOK = "POST /api/fleet/booking"
KEY = "key-of-these-tests"
ON_BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def database(request, tmp_path) -> str:
    """The address of an empty, migrated database."""
    if getattr(request, "param", "sqlite") == "postgresql":
        return request.getfixturevalue("postgres").engine.url.render_as_string(hide_password=False)
    db = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    db.migrate()
    db.close()
    return f"sqlite:///{tmp_path}/lco.sqlite3"


@pytest.fixture
def site(odoo, tmp_path, database):
    """A site of the test's own behind a proxy that names each customer's address."""
    port = serving.free_port()
    with serving.site(odoo.url, tmp_path, port, DATABASE_URL=database, TRUSTED_PROXIES="1") as server:
        requests.get(f"{server.url}/equipment", timeout=60).raise_for_status()
        yield server


@pytest.fixture
def keyed_odoo():
    """An Odoo that finds bookings by their keys (docs/odoo-contract.md, section 4.3), and sends no webhooks."""
    with serving.demo("http://127.0.0.1:9", "--no-webhooks", "--key", KEY) as server:
        yield server


@pytest.fixture
def keyed_site(keyed_odoo, tmp_path, database):
    """A site of the test's own in front of `keyed_odoo`, behind a proxy that names each customer's address."""
    environ = {"DATABASE_URL": database, "TRUSTED_PROXIES": "1", "ODOO_API_KEY": KEY}
    with serving.site(keyed_odoo.url, tmp_path, **environ) as server:
        requests.get(f"{server.url}/equipment", timeout=60).raise_for_status()
        yield server


def body(number: int = 0, vehicle_id: int = 3) -> dict[str, object]:
    """Four days far from every booking of the demo's; another week for each number."""
    start = clock.today(ZoneInfo("America/Chicago")) + timedelta(days=60 + 7 * number)
    return order(vehicle_id, start, start + timedelta(days=4))


def post(site, sent, key=None, address="198.51.100.1") -> requests.Response:
    headers = {"Idempotency-Key": key or uuid.uuid4().hex, "X-Forwarded-For": address}
    return requests.post(f"{site.url}/api/booking", json=sent, headers=headers, timeout=30)


def made(odoo, email="ada@example.com") -> list[dict]:
    return [booking for booking in odoo.state()["bookings"] if booking["customer_email"] == email]


def misbehaves(odoo, mode: str, **more: object) -> None:
    """From now on Odoo answers requests to book in this way."""
    fault = {"mode": mode, "path": "/api/fleet/booking", **more}
    requests.post(f"{odoo.url}/demo/faults", json=fault, timeout=60).raise_for_status()


def page_of(answer) -> str:
    return requests.get(answer.headers["Location"], timeout=60).text


def is_booked(answer) -> bool:
    return 'data-state="booked"' in page_of(answer)


def look_after_open_bookings(database: str) -> None:
    """Have the site find out now which bookings Odoo has made, as it does minutes after a lost answer."""
    store, now = Database(database), clock.now()
    with store.session() as session:
        # Those that are due already are left alone: the site claims a booking by the instant at which it is due.
        waiting = BookingRow.state == State.CHECKING, BookingRow.due_at > now
        session.execute(update(BookingRow).where(*waiting).values(due_at=now))
    store.close()


@ON_BOTH
def test_one_of_100_customers_books_and_99_are_offered_other_dates(keyed_odoo, keyed_site, database):
    keys = [uuid.uuid4().hex for _ in range(100)]

    def book(number: int) -> requests.Response:
        """The answer to a customer, who comes again when a busy machine asks for that."""
        # A phone of their own: one customer may hold few days that are not confirmed.
        customer = {"customer_email": f"customer{number}@example.com", "customer_phone": f"218-555-01{number:02}"}
        for _ in range(8):
            answer = post(keyed_site, body() | customer, keys[number], address=f"198.51.100.{number}")
            if answer.status_code != 503:
                break
            time.sleep(float(answer.headers["Retry-After"]))
        return answer

    def is_settled(number: int) -> bool:
        look_after_open_bookings(database)
        answers[number] = book(number)
        return answers[number].status_code != 202

    with ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(book, range(100)))
    # On a busy machine Odoo may answer too late: the outcome is then unknown until the site has found it out.
    for number, answer in enumerate(answers):
        if answer.status_code == 202:
            serving.wait_until(partial(is_settled, number), "the outcome", patience=60)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 99}
    (made_by_odoo,) = (one for one in keyed_odoo.state()["bookings"] if "customer" in one["customer_email"])
    (winner,) = (answer.json() for answer in answers if answer.status_code == 201)
    assert winner["booking_ref"] == made_by_odoo["booking_ref"]
    # Odoo may have been too slow for the offers of a hundred at once; those without any ask once more.
    offered = [
        answer.json()["alternatives"] or book(n).json()["alternatives"]
        for n, answer in enumerate(answers)
        if answer.status_code == 409
    ]
    assert all(offered)


@ON_BOTH
def test_while_odoo_is_away_a_request_is_kept_and_placed_when_it_is_back(site, odoo, database):
    odoo.stop(signal.SIGKILL)
    answer = post(site, body(), key="k")
    assert (answer.status_code, answer.json()["state"]) == (202, "requested")
    assert "Request saved" in page_of(answer)
    odoo.start()
    serving.wait_until(lambda: is_booked(answer), "the booking", patience=30)
    assert len(made(odoo)) == 1
    assert post(site, body(), key="k").json()["booking_ref"] == made(odoo)[0]["booking_ref"]


def test_a_customer_is_answered_within_15_seconds_however_long_odoo_hangs(site, odoo):
    misbehaves(odoo, "hang", seconds=60)
    started = time.monotonic()
    answer = post(site, body())
    assert time.monotonic() - started < 15
    assert (answer.status_code, answer.json()["state"]) == (202, "checking")


@pytest.mark.parametrize("fault", ["errors", "html", "nonsense", "reset"])
def test_an_answer_that_cannot_be_used_is_never_taken_for_a_no(site, odoo, fault):
    misbehaves(odoo, fault)
    answer = post(site, body(), key="k")
    assert (answer.status_code, answer.json()["state"]) == (202, "checking")
    odoo.control("faults", mode="off")
    assert post(site, body(), key="k").json()["state"] == "checking"
    assert made(odoo) == []


def test_a_lost_answer_is_found_again_by_the_webhook(odoo, ports, tmp_path):
    with serving.site(odoo.url, tmp_path, ports[0]) as site:
        requests.get(f"{site.url}/equipment", timeout=60)
        misbehaves(odoo, "lost")
        answer = post(site, body())
        assert answer.status_code in {201, 202}, "the webhook may come before the answer is given up"
        reference = serving.wait_until(lambda: made(odoo), "the booking in odoo")[0]["booking_ref"]
        serving.wait_until(lambda: reference in page_of(answer), "the webhook")
        assert odoo.calls(BOOK) == 1


@ON_BOTH
def test_a_site_killed_while_odoo_books_finds_the_booking_after_its_start(odoo, database, ports, tmp_path):
    with serving.site(odoo.url, tmp_path, ports[0], DATABASE_URL=database) as site:
        requests.get(f"{site.url}/equipment", timeout=60)
        misbehaves(odoo, "slow", seconds=2)
        with ThreadPoolExecutor(1) as thread:
            broken = thread.submit(post, site, body(), "k")
            serving.wait_until(lambda: stored(database), "the intent")
            kill(site)
            assert isinstance(broken.exception(30), requests.ConnectionError)
        site.process.wait()
        serving.wait_until(lambda: made(odoo), "odoo to book all the same")
        site.start()
        reference = made(odoo)[0]["booking_ref"]
        serving.wait_until(
            lambda: post(site, body(), "k").json()["booking_ref"] == reference, "it to be found", 30
        )
    assert len(made(odoo)) == 1


def stored(database: str) -> int:
    db = Database(database)
    try:
        with db.engine.connect() as connection:
            return connection.exec_driver_sql("SELECT count(*) FROM bookings").scalar()
    finally:
        db.close()


def kill(site) -> None:
    """SIGKILL to the master and to its workers, which would continue for a second."""
    found = subprocess.run(["pgrep", "-P", str(site.process.pid)], capture_output=True, text=True, check=True)
    for process in (site.process.pid, *map(int, found.stdout.split())):
        os.kill(process, signal.SIGKILL)


@ON_BOTH
def test_two_processes_place_every_kept_request_once(odoo, database, tmp_path):
    first, second = (tmp_path / name for name in ("first", "second"))
    first.mkdir()
    second.mkdir()
    with (
        serving.site(odoo.url, first, DATABASE_URL=database, TRUSTED_PROXIES="1") as one,
        serving.site(odoo.url, second, DATABASE_URL=database, TRUSTED_PROXIES="1") as two,
    ):
        for site in (one, two):
            requests.get(f"{site.url}/equipment", timeout=60)
        odoo.stop(signal.SIGKILL)
        kept = [post(site, body(n), address=f"198.51.100.{n}") for n, site in enumerate([one, two] * 5)]
        assert {answer.json()["state"] for answer in kept} == {"requested"}
        odoo.start()
        for answer in kept:
            serving.wait_until(lambda answer=answer: is_booked(answer), "the booking", patience=40)
    assert len(made(odoo)) == 10
    assert odoo.calls(BOOK) == 10


@pytest.mark.parametrize("what", ["place", "attend"])
def test_a_process_killed_at_any_line_leaves_each_booking_once_in_odoo(lonely_odoo, database, what):
    assert len(killed(lonely_odoo, database, what, every=11)) > 40


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("what", ["place", "attend"])
def test_a_process_may_be_killed_on_postgresql_too(lonely_odoo, database, what):
    assert len(killed(lonely_odoo, database, what, every=37)) > 8


@pytest.fixture
def lonely_odoo():
    """One that sends no webhooks; each life books days of its own, so the last ones are years ahead."""
    with serving.demo("http://127.0.0.1:9", "--no-webhooks") as server:
        server.control("settings", horizon_days=9999)
        yield server


def killed(odoo, database: str, what: str, every: int) -> list[dict]:
    """The result of each killed child; see tests/integration/killed_process.py."""
    command = [sys.executable, "-m", "tests.integration.killed_process", what, odoo.url, database, "1", str(every)]
    done = subprocess.run(command, cwd=serving.ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lives = [json.loads(line) for line in done.stdout.splitlines()]
    assert lives[-1]["ended"], "the last one lived to its end"
    for life in lives:
        # Killed before the intent was kept: nothing anywhere. Killed later: one booking, and known to be.
        assert life["states"] in ([], ["booked"]), life
        assert life["odoo"] == life["references"], life
    assert [life for life in lives if life["odoo"]], "some had asked odoo"
    return lives
