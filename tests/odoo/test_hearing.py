"""Notifications for staff: mails by a real mail server, and a queue that empties after two days of outage.

`OUTAGE=real` waits for Odoo's own clock to find the queue, which takes up to two minutes.
"""

import os
import re
import time

import icalendar
import pytest
import requests
from playwright.sync_api import expect

from lco.demo.server import running
from tests import serving
from tests.integration.mail.smtp_server import Post
from tests.integration.mail.smtp_server import serving as mail_server
from tests.odoo import postgres_cluster
from tests.odoo.days_ahead import ahead
from tests.odoo.odoo_server import BOOKING, RealOdoo
from tests.odoo.test_promises import Follower

ADMIN = 2
ACTIVITY, STOREFRONT = "mail.activity", "fleet.rental.storefront"
WITHIN = 10  # seconds from the commit to the mail
EMPTY_WITHIN = 120  # seconds from the return of the site to an empty queue
MACHINES = 15
CHANGES = 6  # of each machine, during the outage
# The queue as it is after two days without the site: each was tried about every half minute.
AGED = """
    UPDATE fleet_rental_event
       SET at = at - interval '48 hours', tries = {tries}, answer = 'ConnectionError',
           next_try = now() AT TIME ZONE 'UTC' - interval '1 second'
     WHERE state = 'waiting'
"""
TRIES = 5000


@pytest.fixture
def post(odoo: RealOdoo):
    """The mails that Odoo sends."""
    taken, port = Post(), serving.free_port()
    odoo.call("res.users", "write", [ADMIN], vals={"email": "rita@example.com"})
    server = {"name": "tests", "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_encryption": "none"}
    odoo.call("ir.mail_server", "create", vals_list=[server])
    with mail_server(taken, port):
        yield taken


def test_a_booking_of_the_website_reaches_the_responsible_person_within_ten_seconds(odoo, post, back_office):
    began = time.monotonic()
    reference = book(odoo)
    serving.wait_until(lambda: post.taken, "the mail", WITHIN)
    ((recipients, mail),) = post.taken
    assert post.taken_at[0] - began < WITHIN
    assert recipients == ("rita@example.com",)
    assert "New booking" in mail["Subject"]
    text = mail.get_body(("html",)).get_content()
    assert reference in text
    (link,) = re.findall(r'href="([^"]+)"', text)
    before = read(odoo, reference)
    back_office.goto(odoo.url + "/odoo/" + link.split("/odoo/")[1])
    expect(back_office.locator(".o_form_view")).to_contain_text(reference)
    assert read(odoo, reference) == before, "a link that was opened changes nothing"
    activity = [["res_model", "=", BOOKING], ["res_id", "=", odoo.booking_id(reference)]]
    assert odoo.call(ACTIVITY, "search_count", domain=activity) == 1


def test_after_two_days_of_outage_the_queue_empties_and_staff_were_notified(odoo, back_office):
    port = serving.free_port()
    odoo.send_webhooks_to(f"http://127.0.0.1:{port}")
    for change in range(CHANGES):
        for vehicle in range(1, MACHINES + 1):
            odoo.change(vehicle, rental_price_daily=100 + change)
    real = os.environ.get("OUTAGE") == "real"
    serving.wait_until(lambda: odoo.deliveries(answer="ConnectionError"), "a first try")
    age(odoo)
    odoo.run_cron("ir_cron_send_events")
    serving.wait_until(lambda: odoo.deliveries(tries=TRIES + 1), "a try after two days")
    assert failing(odoo) == 1
    assert len(odoo.waiting()) >= MACHINES * CHANGES
    with running(Follower().app(), port=port):
        if not real:
            age(odoo)
            odoo.run_cron("ir_cron_send_events")
        serving.wait_until(lambda: not odoo.waiting(), "an empty queue", EMPTY_WITHIN)
    odoo.run_cron("ir_cron_send_events")
    assert failing(odoo) == 0


def test_the_calendar_is_read_by_its_address_until_it_is_revoked(odoo):
    reference = book(odoo, vehicle_id=4)
    (desk,) = odoo.call(STOREFRONT, "search", domain=[])
    odoo.call(STOREFRONT, "action_new_icalendar", [desk])
    (found,) = odoo.call(STOREFRONT, "read", [desk], fields=["icalendar_url"])
    url = odoo.url + "/fleet_rental/" + found["icalendar_url"].split("/fleet_rental/")[1]
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    events = {str(event["uid"]).split("@")[0]: event for event in icalendar.Calendar.from_ical(answer.text).events}
    event = events[reference]
    assert (event.start, event.end) == (ahead(30), ahead(33))
    assert not answer.cookies
    odoo.call(STOREFRONT, "action_revoke_icalendar", [desk])
    assert requests.get(url, timeout=10).status_code == 404


def book(odoo: RealOdoo, vehicle_id: int = 3) -> str:
    """As the site does it; gives the reference."""
    body = {
        "vehicle_id": vehicle_id,
        "customer_name": "Ada",
        "customer_email": "ada@example.com",
        "customer_phone": "+12185550142",
        "date_from": str(ahead(30)),
        "date_to": str(ahead(32)),
    }
    answer = requests.post(f"{odoo.url}/api/fleet/booking", json=body, timeout=30)
    assert answer.status_code == 201, answer.text
    return answer.json()["booking_ref"]


def read(odoo: RealOdoo, reference: str) -> dict[str, object]:
    (booking,) = odoo.call(
        BOOKING, "read", [odoo.booking_id(reference)], fields=["state", "version", "write_date"]
    )
    return booking


def age(odoo: RealOdoo) -> None:
    postgres_cluster.sql(AGED.format(tries=TRIES), odoo.database)


def failing(odoo: RealOdoo) -> int:
    """How many activities say that deliveries fail."""
    return odoo.call(ACTIVITY, "search_count", domain=[["res_model", "=", STOREFRONT]])
