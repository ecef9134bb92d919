"""Two workers that share a Redis, when one of the three is killed."""

import json
import os
import signal
import uuid

from tests import serving, streams
from tests.html import check
from tests.integration.processes.workers import (
    await_message,
    booking,
    counts,
    new_price,
    says,
    shows,
)

LATE = "Updates may be delayed"


def test_a_killed_redis_is_shown_on_every_page_and_all_agree_after_its_return(
    both,
    redis_server,
    odoo,
):
    pages, api_clients, asked = both
    one, other = asked.values()
    redis_server.kill()
    odoo.control("vehicles/5", rental_price_daily=71)
    one.send_webhook("price.updated", vehicle_id=5, rental_price_daily=71, currency="USD")
    for stream in (pages[one.pid], api_clients[one.pid]):
        await_message(stream, shows(71))
    for page in pages.values():
        await_message(page, says("Updates may be delayed."))
    for worker in asked.values():
        assert json.loads(worker.get("/readyz"))["redis"] == {"answering": False}
        text = worker.get("/equipment")
        assert LATE in text
        check(text)
    assert other.send("/api/booking", booking(0, 11), {"Idempotency-Key": uuid.uuid4().hex}).status == 201
    redis_server.start()  # empty, as it keeps nothing
    await_message(pages[other.pid], shows(71))
    for api_client in api_clients.values():
        await_message(api_client, says('"resync"'))
    for page in pages.values():
        await_message(page, says("Updates are live again."))
    for worker in asked.values():
        assert json.loads(worker.get("/readyz"))["redis"] == {"answering": True}
        text = worker.get("/equipment")
        assert LATE not in text
        assert "$71" in text
    new_price(odoo, other, 72)
    for stream in (*pages.values(), *api_clients.values()):
        await_message(stream, shows(72))


def test_the_clients_of_a_killed_worker_find_everything_at_another(both, site, meet, odoo):
    pages, api_clients, asked = both
    (first, one), (second, other) = asked.items()
    new_price(odoo, one, 51)
    for streams_of in (pages, api_clients):
        streams_of[first].next(shows(51))
    os.kill(first, signal.SIGKILL)
    new_price(odoo, other, 52)
    pages[second].next(shows(52))
    found = meet(site)
    assert first not in found
    for worker in found.values():
        with streams.over(worker.connection, "/live?r=card:5", {"Last-Event-ID": pages[first].last_id}) as page:
            page.next(shows(52))
    for worker in meet(site).values():
        with streams.over(
            worker.connection, "/api/events", {"Last-Event-ID": api_clients[first].last_id}
        ) as api_client:
            api_client.next(shows(52))
    (asking, *_) = meet(site).values()
    wanted = {'lco_streams{kind="live"}': 1, 'lco_streams{kind="events"}': 1}
    serving.wait_until(
        lambda: wanted.items() <= counts(asking.get("/metrics")).items(), "only living streams to count"
    )
