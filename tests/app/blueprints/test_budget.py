"""How many calls of Odoo one client may cause, by pages and by streams."""

import time
from contextlib import closing
from datetime import timedelta

import pytest

from lco import background, clock
from lco.availability.service import MAX_AGE
from lco.catalogue.service import LIMITS_AT_ONCE
from lco.catalogue.sync import REREAD_PAUSE
from lco.domain.date_range import DAY
from lco.odoo.budget import Payer
from tests.serving import wait_until
from tests.streams import OpenStream


@pytest.fixture
def day(settings):
    """A day so many days from now, as addresses write it."""
    today = clock.today(settings.timezone)
    return lambda ahead: (today + DAY * ahead).isoformat()


def test_a_client_at_full_speed_causes_few_calls_and_another_one_is_served(client, odoo, day):
    client.get("/equipment")
    for number in range(100):
        client.get(f"/equipment?date_from={day(number)}&date_to={day(number + 2)}")
        client.get(f"/equipment/{number % 15 + 1}/calendar?month={day(number)[:7]}")
    assert len(odoo.asked) <= 150
    before = len(odoo.asked)
    page = client.get(
        f"/equipment?date_from={day(400)}&date_to={day(402)}", environ_overrides={"REMOTE_ADDR": "203.0.113.9"}
    )
    assert "cannot say which" not in page.text
    assert len(odoo.asked) == before + 1


def test_an_availability_over_the_budget_is_429_with_retry_after(client, app, odoo, day):
    budget = app.extensions["lco"].call_budget
    client.get("/equipment")
    for _ in range(200):
        budget.spend("127.0.0.1")
    asked = {"vehicle_id": 1, "date_from": day(40), "date_to": day(42)}
    answer = client.post("/api/fleet/availability", json=asked)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    with clock.moved(timedelta(minutes=2)):
        assert client.post("/api/fleet/availability", json=asked).status_code == 200


@pytest.mark.parametrize("count", [5, 80])
def test_a_stream_that_would_ask_odoo_many_things_is_refused(client, odoo, day, count):
    cards = "&".join(f"r=card:{n + 1}:{day(n)}:{day(n + 3)}" for n in range(count))
    quotes = "&".join(f"r=quote:{n + 1}:{day(1)}:{day(3)}" for n in range(count))
    for query in (cards, quotes):
        assert client.get(f"/live?{query}").status_code == 400
    assert odoo.asked == []


def test_a_list_with_dates_is_one_question_for_all_its_cards(client, app, odoo, day):
    app.extensions["lco"].catalogue.sync.pause = REREAD_PAUSE
    cards = "&".join(f"r=card:{n + 1}:{day(30)}:{day(33)}" for n in range(15))
    started = time.monotonic()
    with closing(client.get(f"/live?{cards}")) as response:
        stream = OpenStream(response)
        stream.next()
        seen = ""
        while not all(f"card-{n + 1}" in seen for n in range(15)):
            seen += stream.next().get("data", "")
        wait_until(background.is_idle, "all that is read behind the cards")
    # On a busy machine this may take so long that answers are refreshed and the limits of more machines are read.
    taken = timedelta(seconds=time.monotonic() - started)
    refreshed, rounds = taken // MAX_AGE, taken // REREAD_PAUSE
    lists = odoo.asked.count("GET /api/fleet/vehicles")
    assert lists <= 2 + 2 * refreshed  # all machines, and those that are free on these days
    assert len(odoo.asked) <= 8 + 2 * refreshed + LIMITS_AT_ONCE * rounds


def test_limits_are_read_with_half_of_the_budget_of_the_client(client, app, odoo, day):
    app.extensions["lco"].catalogue.sync.pause = timedelta()
    for _ in range(40):
        app.extensions["lco"].call_budget.spend("203.0.113.9")

    def look(address: str) -> None:
        path = f"/equipment?date_from={day(30)}&date_to={day(33)}"
        client.get(path, environ_overrides={"REMOTE_ADDR": address})
        wait_until(background.is_idle, "all that is read behind the list")

    def read() -> int:
        return sum("/vehicle/" in call for call in odoo.asked)

    look("203.0.113.9")
    assert LIMITS_AT_ONCE <= read() < 15
    assert Payer(app.extensions["lco"].call_budget, "203.0.113.9").can_pay()
    look("192.0.2.2")
    assert read() == 15


@pytest.mark.parametrize("region", ["calendar:1:2199-12", "calendar:1:2001-01", "quote:1:{}:{}", "card:1:{}:{}"])
def test_days_that_no_page_shows_cannot_be_live(client, odoo, day, region):
    for ahead in (600, -100):
        assert client.get(f"/live?r={region.format(day(ahead), day(ahead + 2))}").status_code == 400
    assert odoo.asked == []
