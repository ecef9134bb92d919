"""An open page and bookings of its days: its stream updates it, also without a webhook (F8, F9)."""

import re
from datetime import timedelta
from itertools import islice

import pytest
import requests

from lco import clock
from lco.availability.service import MAX_AGE
from lco.catalogue.sync import LIST_MAX_AGE
from lco.domain.date_range import DAY, DateRange
from tests.factories import order
from tests.streams import Message, OpenStream

MACHINE = 3


@pytest.fixture
def days(settings) -> DateRange:
    start = clock.today(settings.timezone) + timedelta(days=40)
    return DateRange(start, start + DAY * 3)


@pytest.fixture
def books_elsewhere(odoo, days):
    """Has Odoo book the days for another customer, and send no webhook."""

    def book() -> None:
        body = order(MACHINE, days.start, days.end, customer_email="bob@example.com")
        answer = odoo.app.test_client().post("/api/fleet/booking", json=body)
        assert answer.status_code in {200, 201}, answer.text

    return book


@pytest.fixture
def open_page(client, open_stream):
    """Opens the stream of a page with one region, as it was when the page was loaded."""

    def open_one(region: str) -> OpenStream:
        since = client.application.extensions["lco"].changes.head()
        stream = open_stream(f"/live?r={region}&since={since}")
        assert stream.next()["event"] == "connected"
        return stream

    return open_one


def until(stream: OpenStream, text: str) -> Message:
    """The next message with `text`, among the few that may come before it; heartbeats are messages as well."""
    found = next((message for message in islice(stream.rest(), 8) if text in message.get("data", "")), None)
    assert found, f"no message with {text}"
    return found


def address(days: DateRange, path: str) -> str:
    return f"{path}?date_from={days.start}&date_to={days.end}"


def quoted(client, days: DateRange) -> str:
    """The availability of the days on a machine's page that is loaded now."""
    page = client.get(address(days, f"/equipment/{MACHINE}"), follow_redirects=True)
    return re.search(r'id="quote"[^>]* data-free="(\w+)"', page.text)[1]


def listed(client, days: DateRange) -> str:
    """The availability of the machine on the days in a list that is loaded now."""
    text = client.get(address(days, "/equipment")).text
    card = text[text.index(f'id="card-{MACHINE}"') :]
    return re.search(r'data-free="(\w+)"', card)[1]


def counted(client, days: DateRange) -> int:
    """The number of machines shown as available on the days in a list that is loaded now."""
    return int(re.search(r'id="found"[^>]*>(\d+) machines', client.get(address(days, "/equipment")).text)[1])


def in_calendar(client, days: DateRange) -> str:
    """The state of the first of the days in the machine's calendar."""
    page = client.get(f"/equipment/{MACHINE}?month={days.start:%Y-%m}", follow_redirects=True)
    return re.search(rf'<td class="(\w+)"><\w+ id="calendar-{MACHINE}-{days.start}"', page.text)[1]


def test_quote_whose_webhook_never_comes_is_corrected_when_another_visitor_looks(
    client, open_page, days, books_elsewhere
):
    assert quoted(client, days) == "yes"
    first = open_page(f"quote:{MACHINE}:{days.start}:{days.end}")
    books_elsewhere()
    with clock.moved(MAX_AGE + timedelta(seconds=1)):
        quoted(client, days)
        until(first, 'data-free="no"')
        assert quoted(client, days) == "no"


def test_total_follows_a_new_price_that_a_reading_of_the_list_has_found(client, open_page, days, odoo):
    assert quoted(client, days) == "yes"
    page = open_page(f"quote:{MACHINE}:{days.start}:{days.end}")
    odoo.change(MACHINE, rental_price_daily=101)
    with clock.moved(LIST_MAX_AGE + timedelta(seconds=1)):
        client.application.extensions["lco"].catalogue.refresh()
        until(page, "$303")


def test_open_and_new_lists_do_not_offer_a_machine_just_booked_here(client, open_page, days):
    assert listed(client, days) == "yes"
    page = open_page(f"card:{MACHINE}:{days.start}:{days.end}")
    assert client.post("/api/booking", json=order(MACHINE, days.start, days.end)).status_code == 201
    until(page, 'data-free="no"')
    assert listed(client, days) == "no"


def test_open_and_new_pages_do_not_offer_days_that_odoo_has_refused_as_taken(
    client, open_page, days, books_elsewhere
):
    assert (listed(client, days), quoted(client, days)) == ("yes", "yes")
    card = open_page(f"card:{MACHINE}:{days.start}:{days.end}")
    quote = open_page(f"quote:{MACHINE}:{days.start}:{days.end}")
    books_elsewhere()
    assert client.post("/api/booking", json=order(MACHINE, days.start, days.end)).status_code == 409
    until(card, 'data-free="no"')
    until(quote, 'data-free="no"')
    assert (listed(client, days), quoted(client, days)) == ("no", "no")


def test_days_just_booked_here_are_not_shown_as_available_while_odoo_is_away(client, odoo, days):
    assert (listed(client, days), quoted(client, days), in_calendar(client, days)) == ("yes", "yes", "free")
    others = counted(client, days)
    assert client.post("/api/booking", json=order(MACHINE, days.start, days.end)).status_code == 201
    odoo.fails_with = requests.ConnectTimeout()
    assert (listed(client, days), quoted(client, days), in_calendar(client, days)) == ("unknown",) * 3
    assert counted(client, days) == others - 1
    asked = {"vehicle_id": MACHINE, "date_from": days.start.isoformat(), "date_to": days.end.isoformat()}
    assert client.post("/api/fleet/availability", json=asked).status_code == 503
