"""Odoo has booked and its answer was lost: what is tried later under the booking's key is that same booking."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from lco.demo.faults import FaultSwitch
from lco.demo.faulty_api import FaultyApi
from lco.demo.server import running
from tests import serving
from tests.factories import order
from tests.odoo.days_ahead import ahead
from tests.odoo.faulty_odoo import Forwarding

CUSTOMER = "lost-answer@example.com"
BOOKING = "/api/fleet/booking"


@pytest.fixture(scope="module")
def switch() -> FaultSwitch:
    return FaultSwitch()


@pytest.fixture(scope="module")
def site(odoo, switch, tmp_path_factory):
    """The site, which reaches that Odoo through the switch, and gets no webhooks until a test says so."""
    app, folder = FaultyApi(Forwarding(odoo.url), switch), tmp_path_factory.mktemp("site")
    with running(app) as url, serving.site(url, folder) as server:
        requests.get(f"{server.url}/equipment", timeout=15).raise_for_status()
        yield server


def test_a_request_placed_again_by_staff_gets_the_booking_in_odoo(odoo, site, switch):
    page = book_with_a_lost_answer(odoo, site, switch, first=60)
    (made,) = on(odoo, 60)
    assert made["reference"] not in shown(page)
    place_again(site)
    serving.wait_until(lambda: made["reference"] in shown(page), "the booking to be known")
    assert 'data-state="booked"' in shown(page)
    assert len(on(odoo, 60)) == 1


def test_a_booking_cancelled_by_staff_meanwhile_is_not_booked_a_second_time(odoo, site, switch):
    page = book_with_a_lost_answer(odoo, site, switch, first=70)
    (made,) = on(odoo, 70)
    odoo.send_webhooks_to(site.url)
    odoo.click("cancel", made["reference"])
    serving.wait_until(lambda: not odoo.deliveries(state="waiting"), "the site to get the webhook")
    place_again(site)
    serving.wait_until(lambda: 'data-state="cancelled"' in shown(page), "the page to show it")
    assert len(on(odoo, 70)) == 1


def book_with_a_lost_answer(odoo, site, switch, first: int) -> str:
    """The address of the booking's page; Odoo has it, and the site does not know."""
    switch.set("lost", path=BOOKING)
    body = order(3, ahead(first), ahead(first + 4), customer_email=CUSTOMER)
    answer = requests.post(f"{site.url}/api/booking", json=body, timeout=30)
    switch.set("off")
    assert answer.status_code == 202, answer.text
    page = answer.headers["Location"]
    assert 'data-state="checking"' in shown(page)
    return page


def place_again(site) -> None:
    """What a person does at the command line with the newest booking."""
    flask = [str(Path(sys.executable).with_name("flask")), "--app", "wsgi", "lco"]
    environ = {**os.environ, **site.environ}
    listed = subprocess.run(
        [*flask, "bookings", "--all"], check=True, env=environ, text=True, stdout=subprocess.PIPE
    )
    newest = listed.stdout.splitlines()[2].split()[0]
    subprocess.run([*flask, "settle", newest, "again"], check=True, env=environ, cwd=serving.ROOT)


def on(odoo, first: int) -> list[dict]:
    return [made for made in odoo.bookings(CUSTOMER) if made["date_from"] == str(ahead(first))]


def shown(page: str) -> str:
    return requests.get(page, timeout=15).text
