"""Two workers that share a Redis: each of them is what the other is, also when one of the three dies."""

import json
import os
import re
import signal
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from http.client import HTTPConnection
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import requests

from lco import clock
from lco.webhooks.signature import sign
from tests import serving, streams
from tests.html import check
from tests.orders import order
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures
from tests.redis_server import redis_server  # noqa: F401 - a fixture

LIST = "GET /api/fleet/vehicles"
DETAIL = "GET /api/fleet/vehicle/{id}"
LATE = "Updates may come late"


class Answer(NamedTuple):
    status: int
    location: str
    text: str


class Worker:
    """A connection that stays open, so that one worker answers everything that is asked over it."""

    def __init__(self, site) -> None:
        self.connection = HTTPConnection("127.0.0.1", site.port, timeout=20)
        self.pid = json.loads(self.get("/healthz"))["process"]

    def get(self, path: str, headers: dict[str, str] | None = None) -> str:
        return self._ask("GET", path, None, headers or {}).text

    def send(self, path: str, body: dict[str, object], headers: dict[str, str]) -> "Answer":
        return self._ask("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})

    def told(self, event_type: str, endpoint: str = "inventory", **fields: object) -> None:
        """Send this worker a signed event, as Odoo would."""
        body = {"event_type": event_type, **fields}
        headers = sign(serving.SECRET, f"msg-{uuid.uuid4()}", clock.now(), json.dumps(body).encode())
        answer = self.send(f"/api/webhook/{endpoint}", body, dict(headers))
        assert answer.status == 200, answer.text

    def _ask(self, method, path, body, headers) -> "Answer":
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return Answer(answer.status, answer.headers.get("Location", ""), answer.read().decode())


@pytest.fixture
def meet():
    """Gives a connection to each of the two workers, by process; they share the accepting unevenly."""
    opened = []

    def both(site) -> dict[int, Worker]:
        found = {}

        def look() -> bool:
            with ThreadPoolExecutor(8) as threads:
                for worker in threads.map(lambda _: Worker(site), range(8)):
                    opened.append(worker)
                    found.setdefault(worker.pid, worker)
            return len(found) == 2

        serving.wait_until(look, "an answer of each worker")
        return found

    yield both
    for worker in opened:
        worker.connection.close()


def data(message: streams.Message) -> str:
    return message.get("data", "")


def new_price(odoo, worker: Worker, dollars: int) -> None:
    """Odoo has a new price for machine 5, and tells this worker."""
    odoo.control("vehicles/5", rental_price_daily=dollars)
    worker.told("price.updated", vehicle_id=5, rental_price_daily=dollars, currency="USD")


def shows(dollars: int):
    """Whether a message holds the card of machine 5 at this price, or the event that it has it."""
    return lambda message: f"${dollars}" in data(message) or f'"rental_price_daily":{dollars}.' in data(message)


def says(text: str):
    """Whether a message holds `text`."""
    return lambda message: text in data(message)


def heard(stream: streams.Stream, wanted) -> None:
    """Returns once a message that is `wanted` has come, be it long ago."""
    if not any(map(wanted, stream.seen)):
        stream.next(wanted)


def at_site(odoo_url, folder, redis_url, **more):
    return serving.site(odoo_url, folder, REDIS_URL=redis_url, WEB_CONCURRENCY="2", TRUSTED_PROXIES="1", **more)


@pytest.fixture(scope="module")
def site(odoo, redis_server, tmp_path_factory):  # noqa: F811 - pytest's way to ask for a fixture
    with at_site(odoo.url, tmp_path_factory.mktemp("site"), redis_server.url) as server:
        requests.get(f"{server.url}/equipment", timeout=10).raise_for_status()
        yield server


@pytest.fixture
def cold(redis_server, tmp_path):  # noqa: F811 - pytest's way to ask for a fixture
    """An Odoo that nobody has asked for anything, and a site before it with a database of its own in Redis."""
    with (
        serving.demo() as odoo,
        at_site(odoo.url, tmp_path, redis_server.url.replace("/0", "/1")) as site,
    ):
        yield site, odoo


@pytest.fixture
def both(site, meet):
    """Streams of a page and of a program on each worker, each with a connection to that worker beside it."""
    with ExitStack() as opened:
        pages, programs = (
            {pid: opened.enter_context(streams.over(w.connection, path)) for pid, w in meet(site).items()}
            for path in ("/live?r=card:5&r=status:6&r=odoo", "/api/events")
        )
        for one in (*pages.values(), *programs.values()):
            one.next()
        yield pages, programs, meet(site)


def test_a_webhook_reaches_every_stream_of_every_worker_in_one_order(both, odoo):
    pages, programs, asked = both
    one, other = asked.values()
    for price in range(81, 92):
        new_price(odoo, one if price % 2 else other, price)
    for stream in (*pages.values(), *programs.values()):
        stream.next(shows(91))
    ids = [[message["id"] for message in program.seen if "id" in message] for program in programs.values()]
    assert len(ids[0]) > 10
    assert ids[0] == sorted(ids[0], key=lambda text: tuple(map(int, text.split("-"))))
    assert set(ids[0][1:]) == set(ids[1][1:])


def test_what_a_worker_has_told_its_pages_it_also_shows_without_asking_odoo(both, odoo):
    pages, _, asked = both
    odoo.control("faults", mode="down")
    one, _ = asked.values()
    one.told("vehicle.maintenance", vehicle_id=6, in_maintenance=True)
    for page in pages.values():
        page.next(lambda message: "status-6" in data(message) and "aintenance" in data(message))
    cards = [re.search(r'id="card-6".*?</article>', w.get("/equipment"), re.DOTALL) for w in asked.values()]
    assert all("aintenance" in card.group() for card in cards)
    odoo.control("faults", mode="off")


def test_a_stream_goes_on_at_another_worker_where_it_ended(both, site, meet, odoo):
    pages, programs, asked = both
    (first, one), (second, other) = asked.items()
    new_price(odoo, one, 61)
    seen_by_page, seen_by_program = (
        told[first].next(shows(61)) and told[first].last_id for told in (pages, programs)
    )
    new_price(odoo, one, 62)
    pages[second].next(shows(62))
    with streams.over(other.connection, "/live?r=card:5&r=status:8", {"Last-Event-ID": seen_by_page}) as resumed:
        caught_up = resumed.next(lambda message: "hx-partial" in data(message))
    assert shows(62)(caught_up)
    assert "status-8" not in data(caught_up)
    again = meet(site)[second].connection
    with streams.over(again, "/api/events", {"Last-Event-ID": seen_by_program}) as resumed:
        resumed.next(shows(62))
        assert not any(map(shows(61), resumed.seen))


def test_many_requests_of_both_workers_cost_one_list_read_and_a_webhook_one_read_of_its_vehicle(cold, meet):
    site, odoo = cold
    one, other = meet(site).values()
    url = f"{site.url}/equipment"
    with ThreadPoolExecutor(40) as threads:
        lists = threads.map(lambda n: requests.get(f"{url}?q={n}", timeout=15), range(80))
        assert {page.status_code for page in lists} == {200}
    # A worker that starts a moment later asks for itself: what was read before may have missed something.
    assert odoo.calls(LIST) in {1, 2}
    for worker in (one, other):
        assert "Snow Blower" in worker.get("/equipment/1-professional-snow-blower")
    assert odoo.calls(DETAIL) == 1
    one.told("vehicle.availability_changed", vehicle_id=1, availability_status="rented")
    serving.wait_until(lambda: odoo.calls(DETAIL) == 2, "Odoo to be asked again")
    with ThreadPoolExecutor(20) as threads:
        pages = threads.map(lambda _: requests.get(f"{url}/1-professional-snow-blower", timeout=15), range(40))
        assert {page.status_code for page in pages} == {200}
    assert odoo.calls(LIST) in {1, 2}
    assert odoo.calls(DETAIL) == 2


def test_ten_bookings_an_hour_for_a_client_over_both_workers(site, meet):
    asked = list(meet(site).values())
    answers = []
    for number in range(12):
        headers = {"Idempotency-Key": uuid.uuid4().hex, "X-Forwarded-For": "198.51.100.7"}
        answers.append(asked[number % 2].send("/api/booking", booking(number), headers).status)
    assert Counter(answers) == {201: 10, 429: 2}


def test_a_killed_redis_is_told_on_every_page_and_when_it_is_back_all_show_the_same(
    both,
    redis_server,  # noqa: F811 - pytest's way to ask for a fixture
    odoo,
):
    pages, programs, asked = both
    one, other = asked.values()
    redis_server.kill()
    odoo.control("vehicles/5", rental_price_daily=71)
    one.told("price.updated", vehicle_id=5, rental_price_daily=71, currency="USD")
    for stream in (pages[one.pid], programs[one.pid]):
        heard(stream, shows(71))
    for page in pages.values():
        heard(page, says("Updates may come late just now."))
    for worker in asked.values():
        assert json.loads(worker.get("/readyz"))["redis"] == {"answering": False}
        text = worker.get("/equipment")
        assert LATE in text
        check(text)
    assert other.send("/api/booking", booking(0, 11), {"Idempotency-Key": uuid.uuid4().hex}).status == 201
    redis_server.start()  # empty, as it keeps nothing
    heard(pages[other.pid], shows(71))
    for program in programs.values():
        heard(program, says('"resync"'))
    for page in pages.values():
        heard(page, says("Updates are live again."))
    for worker in asked.values():
        assert json.loads(worker.get("/readyz"))["redis"] == {"answering": True}
        text = worker.get("/equipment")
        assert LATE not in text
        assert "$71" in text
    new_price(odoo, other, 72)
    for stream in (*pages.values(), *programs.values()):
        heard(stream, shows(72))


def test_the_clients_of_a_killed_worker_find_everything_at_another(both, site, meet, odoo):
    pages, programs, asked = both
    (first, one), (second, other) = asked.items()
    new_price(odoo, one, 51)
    for told in (pages, programs):
        told[first].next(shows(51))
    os.kill(first, signal.SIGKILL)
    new_price(odoo, other, 52)
    pages[second].next(shows(52))
    found = meet(site)
    assert first not in found
    for worker in found.values():
        with streams.over(worker.connection, "/live?r=card:5", {"Last-Event-ID": pages[first].last_id}) as page:
            page.next(shows(52))
    for worker in meet(site).values():
        with streams.over(worker.connection, "/api/events", {"Last-Event-ID": programs[first].last_id}) as program:
            program.next(shows(52))


def test_a_booking_is_one_for_both_workers_on_postgresql(
    odoo,
    redis_server,  # noqa: F811 - pytest's way to ask for a fixture
    postgres,  # noqa: F811 - the same
    tmp_path,
    meet,
):
    database = postgres.engine.url.render_as_string(hide_password=False)
    with (
        at_site(odoo.url, tmp_path, redis_server.url.replace("/0", "/2"), DATABASE_URL=database) as site,
        ExitStack() as opened,
    ):
        asked = meet(site)
        one, other = asked.values()
        key = {"Idempotency-Key": uuid.uuid4().hex}
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda w: w.send("/api/booking", booking(1, 7), key), (one, other)))
        (place,) = {answer.location for answer in answers}
        (reference,) = {json.loads(answer.text)["booking_ref"] for answer in answers}
        assert [
            b["booking_ref"] for b in odoo.state()["bookings"] if b["customer_email"] == "ada@example.com"
        ] == [reference]
        token = place.rpartition("/")[2]
        pages = [
            opened.enter_context(streams.over(worker.connection, f"/live?r=booking:{token}"))
            for worker in meet(site).values()
        ]
        one.told("booking.confirmed", "booking", booking_ref=reference)
        for page in pages:
            heard(page, says('data-state="confirmed"'))


def booking(number: int, vehicle_id: int = 9) -> dict[str, object]:
    start = clock.today(ZoneInfo("America/Chicago")) + timedelta(days=60 + 7 * number)
    return order(vehicle_id, start, start + timedelta(days=4))
