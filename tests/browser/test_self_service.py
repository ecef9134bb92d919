"""A customer changes, extends and cancels a rental, with scripts and without."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from lco import clock
from tests import serving
from tests.browser.test_task import fill_in

KEY = "key-of-these-tests"
TODAY = clock.today(ZoneInfo("America/Chicago"))
START = TODAY + timedelta(days=60)
DAY = timedelta(days=1)


@pytest.fixture
def odoo(ports):
    with serving.demo(f"http://127.0.0.1:{ports[0]}", "--key", KEY, port=ports[1]) as server:
        yield server


@pytest.fixture
def site(ports, odoo, tmp_path):
    with serving.site(odoo.url, tmp_path, port=ports[0], ODOO_API_KEY=KEY) as server:
        yield server


@pytest.fixture(params=["with scripts", "without scripts"])
def visitor(request) -> Page:
    return request.getfixturevalue("page" if request.param == "with scripts" else "plain_page")


def book(page: Page, start, end, machine="6-bobcat-e35-mini-excavator") -> None:
    page.goto(f"/equipment/{machine}?date_from={start}&date_to={end}")
    fill_in(page)
    page.get_by_role("button", name=re.compile("^Book ")).click()
    page.wait_for_url(re.compile("/bookings/"))
    expect(page.locator("#booking-state")).to_have_text("Booked")


def test_change_by_two_taps_then_cancel(visitor, odoo):
    book(visitor, START, START + DAY * 4)
    visitor.get_by_role("link", name="Change dates").click()
    expect(visitor.get_by_role("heading", name="Change your dates")).to_be_visible()
    visitor.locator(f"#change-{START + DAY}").click()
    expect(visitor.locator("#change-progress")).to_contain_text("Now choose the return day")
    last = visitor.locator(f"#change-{START + DAY * 3}")
    if not last.is_visible():
        visitor.locator("#change-next").click()
    last.click()
    expect(visitor.locator("#change-price")).to_contain_text("New price")
    visitor.get_by_role("button", name=re.compile("^Change to ")).click()
    expect(visitor.locator("#done")).to_contain_text("your booking is changed")
    assert odoo.state()["bookings"][-1]["date_to"] == str(START + DAY * 3)
    visitor.get_by_role("link", name="Cancel booking").click()
    visitor.get_by_label("Reason").fill("Rain")
    visitor.get_by_role("button", name="Cancel this booking").click()
    expect(visitor.locator("#booking-state")).to_have_text("Canceled")
    assert odoo.state()["bookings"][-1]["state"] == "cancelled"


def test_machine_that_is_out_is_kept_longer(visitor, odoo):
    book(visitor, TODAY, TODAY + DAY * 2, "8-core-aerator")
    reference = odoo.state()["bookings"][-1]["booking_ref"]
    odoo.control(f"bookings/{reference}/confirm")
    odoo.control(f"bookings/{reference}/pick_up")
    serving.wait_until(lambda: (visitor.reload(), visitor.get_by_text("You have it").count())[1], "the pick-up")
    visitor.get_by_role("link", name=re.compile("^Keep it until")).click()
    visitor.get_by_role("button", name=re.compile("^Keep it until")).click()
    expect(visitor.locator("#done")).to_contain_text("your booking is changed")
    assert odoo.state()["bookings"][-1]["date_to"] > str(TODAY + DAY * 2)


def test_freed_days_reach_open_pages(page, context, odoo):
    book(page, START, START + DAY * 4)
    other = context.new_page()
    other.goto(f"/equipment/6-bobcat-e35-mini-excavator?date_from={START}&date_to={START + DAY * 4}")
    other.context.clear_cookies()
    other.reload()
    expect(other.locator("#quote")).to_have_attribute("data-free", "no")
    expect(other.locator("#indicator")).to_have_attribute("data-connection", "live")
    page.get_by_role("link", name="Cancel booking").click()
    page.get_by_role("button", name="Cancel this booking").click()
    expect(page.locator("#booking-state")).to_have_text("Canceled")
    expect(other.locator("#quote")).to_have_attribute("data-free", "yes")


def test_reload_keeps_the_tick_under_the_terms(page):
    page.goto(f"/equipment/8-core-aerator?date_from={START}&date_to={START + DAY}")
    page.get_by_label("Your name").fill("Ann Larsen")
    page.get_by_label("I have read the rental terms").check()
    page.reload()
    expect(page.get_by_label("Your name")).to_have_value("Ann Larsen")
    expect(page.get_by_label("I have read the rental terms")).to_be_checked()


def test_booking_without_the_tick_shows_the_missing_field(visitor, odoo):
    visitor.goto(f"/equipment/8-core-aerator?date_from={START}&date_to={START + DAY}")
    fill_in(visitor)
    visitor.get_by_label("I have read the rental terms").uncheck()
    visitor.get_by_role("button", name=re.compile("^Book ")).click()
    expect(visitor.get_by_role("link", name="Please read the rental terms and tick the box.")).to_be_visible()
    assert odoo.calls("POST /api/fleet/booking") == 0


def mails_of(tmp_path, words: str) -> list[str]:
    """The texts of the mails whose subject has these words, as MAIL_DIR has them."""
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in (tmp_path / "mail").glob("*.eml")]
    complete = [mail for mail in mails if mail.get_body(("html",))]  # one may just be being written
    return [mail.get_body(("plain",)).get_content() for mail in complete if words in mail["Subject"]]


def test_days_that_become_free_send_an_email(visitor, odoo, tmp_path):
    book(visitor, START, START + DAY * 4)
    booking = visitor.url
    visitor.context.clear_cookies()
    visitor.goto(f"/equipment/6-bobcat-e35-mini-excavator?date_from={START}&date_to={START + DAY * 4}")
    visitor.locator("#quote").get_by_role("link", name="Tell me when it is free").click()
    visitor.get_by_label("Email").fill("ben@example.com")
    visitor.get_by_role("button", name="Tell me").click()
    expect(visitor.locator("#sent")).to_be_visible()
    (asked,) = serving.wait_until(lambda: mails_of(tmp_path, "Shall we tell you"), "the mail that asks")
    visitor.goto(re.search(r"http://\S+/wishes/[\w-]+", asked)[0])
    visitor.get_by_role("button", name="Yes, email me when it is free").click()
    expect(visitor.get_by_role("heading", name=re.compile("ll tell you"))).to_be_visible()
    visitor.goto(booking)
    visitor.get_by_role("link", name="Cancel booking").click()
    visitor.get_by_role("button", name="Cancel this booking").click()
    (mail,) = serving.wait_until(lambda: mails_of(tmp_path, "It is free now"), "the mail about free days", 30)
    visitor.goto(re.search(r"http://\S+/equipment/\S+", mail)[0])
    expect(visitor.get_by_role("heading", name="Available for your dates")).to_be_visible()


def test_lost_link_comes_by_mail(visitor, odoo, tmp_path):
    book(visitor, START, START + DAY * 4)
    link = visitor.url
    visitor.get_by_role("link", name="Find your booking").click()
    visitor.get_by_label("Booking number").fill(odoo.state()["bookings"][-1]["booking_ref"])
    visitor.get_by_label("Email").fill("ann@example.com")
    visitor.get_by_role("button", name="Email me the link").click()
    expect(visitor.locator("#sent")).to_be_visible()
    (mail,) = serving.wait_until(lambda: mails_of(tmp_path, "Your booking"), "the mail with the link")
    assert link in mail
