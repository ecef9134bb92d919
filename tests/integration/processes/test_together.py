"""Two workers that share a Redis behave as one."""

import json
import re
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from tests import serving, streams
from tests.integration.processes.workers import (
    TOKEN,
    at_site,
    await_message,
    booking,
    counts,
    data,
    new_price,
    says,
    shows,
)

LIST = "GET /api/fleet/vehicles"
DETAIL = "GET /api/fleet/vehicle/{id}"


@pytest.fixture
def cold(redis_server, tmp_path):
    """An Odoo without any call so far, and a site before it with a separate database in Redis."""
    with (
        serving.demo() as odoo,
        at_site(odoo.url, tmp_path, redis_server.url.replace("/0", "/1")) as site,
    ):
        yield site, odoo


def _order(event_id: str) -> tuple[int, ...]:
    return tuple(map(int, event_id.split("-")))


def test_a_webhook_reaches_every_stream_of_every_worker_in_one_order(both, odoo):
    pages, api_clients, asked = both
    one, other = asked.values()
    for price in range(81, 92):
        new_price(odoo, one if price % 2 else other, price)
    for stream in (*pages.values(), *api_clients.values()):
        stream.next(shows(91))
    ids = [
        [message["id"] for message in api_client.seen if "id" in message] for api_client in api_clients.values()
    ]
    assert len(ids[0]) > 10
    assert ids[0] == sorted(ids[0], key=_order)
    assert set(ids[0][1:]) == set(ids[1][1:])


def test_a_change_sent_to_pages_is_shown_without_asking_odoo(both, odoo):
    pages, _, asked = both
    odoo.control("faults", mode="down")
    one, _ = asked.values()
    one.send_webhook("vehicle.maintenance", vehicle_id=6, in_maintenance=True)
    for page in pages.values():
        page.next(lambda message: "status-6" in data(message) and "aintenance" in data(message))
    cards = [re.search(r'id="card-6".*?</article>', w.get("/equipment"), re.DOTALL) for w in asked.values()]
    assert all("aintenance" in card.group() for card in cards)
    odoo.control("faults", mode="off")


def test_a_stream_goes_on_at_another_worker_where_it_ended(both, site, meet, odoo):
    pages, api_clients, asked = both
    (first, one), (second, other) = asked.items()
    new_price(odoo, one, 61)
    seen_by_page, seen_by_api_client = (
        streams_of[first].next(shows(61)) and streams_of[first].last_id for streams_of in (pages, api_clients)
    )
    new_price(odoo, one, 62)
    pages[second].next(shows(62))
    with streams.over(other.connection, "/live?r=card:5&r=status:8", {"Last-Event-ID": seen_by_page}) as resumed:
        caught_up = resumed.next(lambda message: "hx-partial" in data(message))
    assert shows(62)(caught_up)
    assert "status-8" not in data(caught_up)
    again = meet(site)[second].connection
    with streams.over(again, "/api/events", {"Last-Event-ID": seen_by_api_client}) as resumed:
        resumed.next(shows(62))
    # Of the same price there may be two events: a worker that reads Odoo just then publishes it, too.
    connected, *later = (_order(message["id"]) for message in resumed.seen if "id" in message)
    assert connected == _order(seen_by_api_client)
    assert min(later) > connected


def test_many_requests_of_both_workers_cost_one_reading(cold, meet):
    site, odoo = cold
    one, other = meet(site).values()
    url = f"{site.url}/equipment"
    with ThreadPoolExecutor(40) as threads:
        lists = threads.map(lambda n: requests.get(f"{url}?q={n}", timeout=60), range(80))
        assert {page.status_code for page in lists} == {200}
    # A worker that starts a moment later asks for itself: what was read before may have missed something.
    assert odoo.calls(LIST) in {1, 2}
    for worker in (one, other):
        assert "Snow Blower" in worker.get("/equipment/1-professional-snow-blower")
    assert odoo.calls(DETAIL) == 1
    one.send_webhook("vehicle.availability_changed", vehicle_id=1, availability_status="rented")
    serving.wait_until(lambda: odoo.calls(DETAIL) == 2, "Odoo to be asked again")
    with ThreadPoolExecutor(20) as threads:
        pages = threads.map(lambda _: requests.get(f"{url}/1-professional-snow-blower", timeout=60), range(40))
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


def test_each_worker_reports_the_streams_and_counts_of_both(both):
    pages, api_clients, asked = both

    def values(name: str) -> set[float]:
        return {counts(worker.get("/metrics"))[name] for worker in asked.values()}

    # Those of the tests before may have been left only a moment ago.
    serving.wait_until(lambda: values('lco_streams{kind="live"}') == {len(pages)}, "the pages of both")
    serving.wait_until(
        lambda: values('lco_streams{kind="events"}') == {len(api_clients)}, "the API clients of both"
    )
    for worker in asked.values():
        assert f"<dt>Streams open</dt><dd>{len(pages) + len(api_clients)}</dd>" in worker.get(
            "/ops", {"Authorization": f"Bearer {TOKEN}"}
        )
        worker.send_webhook("test")
    assert values('lco_webhooks_total{endpoint="inventory",outcome="test"}') == {len(asked)}


def test_a_booking_is_one_for_both_workers_on_postgresql(
    odoo,
    redis_server,
    postgres,
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
        one.send_webhook("booking.confirmed", "booking", booking_ref=reference)
        for page in pages:
            await_message(page, says('data-state="confirmed"'))
