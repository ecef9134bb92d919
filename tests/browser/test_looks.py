"""Layout on a screen: aligned cards, the machine of the first screen, the panel that stays in view."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.test_task import START, take

pytestmark = pytest.mark.shared_site

MACHINE = "/equipment/9-plate-compactor"
DATES = f"date_from={START}&date_to={START + timedelta(days=3)}"
PLACES = """
(selector) => [...document.querySelectorAll('.card')].map((card) => {
  const frame = card.querySelector('.frame').getBoundingClientRect();
  const part = card.querySelector(selector).getBoundingClientRect();
  return [part.top - frame.bottom, part.left - frame.left, frame.right - part.right].map(Math.round);
})
"""
"""How far a part of each card is from its picture: below its end, from its left edge, from its right edge."""


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
@pytest.mark.parametrize("path", ["/equipment", f"/equipment?{DATES}"], ids=["any days", "on days"])
def test_badge_and_price_begin_in_the_same_place_on_every_card(page, width, path):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path)
    offers = page.evaluate(PLACES, ".card-offer")
    assert len(offers) == 15
    assert len({(left, right) for _, left, right in offers}) == 1
    assert len({below for below, _, _ in offers}) == 1
    assert len({left for _, left, _ in page.evaluate(PLACES, ".status")}) == 1
    assert len({right for _, _, right in page.evaluate(PLACES, ".card-price")}) == 1


def test_the_wish_on_the_card_of_a_taken_machine_can_be_pressed(page, odoo, site):
    start = START + timedelta(days=200)
    take(odoo, 7, start, 3)
    page.goto(f"/equipment?date_from={start}&date_to={start + timedelta(days=3)}&q=chainsaw")
    page.locator("#card-7 .card-wish a").click()
    expect(page).to_have_url(re.compile("/wishes"))


@pytest.mark.parametrize("width", [390, 1280])
def test_the_first_screen_of_the_home_page_shows_a_machine_that_is_available(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/")
    picture = page.locator(".hero-machine img")
    expect(picture).to_have_js_property("complete", value=True)
    assert picture.evaluate("(img) => img.naturalWidth") > 0
    box = picture.bounding_box()
    assert box
    assert box["y"] + box["height"] < 844
    page.locator(".hero-machine").click()
    expect(page.locator(".machine-head .status")).to_have_text("Available now")


@pytest.mark.parametrize("height", [720, 1080])
def test_the_way_to_the_price_stays_in_view_while_the_description_is_read(page, height):
    page.set_viewport_size({"width": 1280, "height": height})
    page.goto(MACHINE)
    page.locator("#terms").scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="See the price")).to_be_in_viewport(ratio=1)


def test_days_that_are_not_known_yet_take_no_more_room_than_known_ones(page):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(MACHINE)
    grew = """
    () => {
      const cell = document.querySelector('.months tbody tr:nth-child(2) td'), before = cell.offsetHeight;
      for (const each of document.querySelectorAll('.months tbody td'))
        if (each.firstElementChild) Object.assign(each, {className: 'unknown', innerHTML: '<span>28</span>'});
      return cell.offsetHeight - before;
    }
    """
    assert page.evaluate(grew) == 0


def test_print_of_a_quote_keeps_the_price_and_no_empty_fields(page):
    page.goto(f"{MACHINE}?{DATES}")
    page.emulate_media(media="print")
    expect(page.locator("#quote")).to_contain_text("$330 total")
    assert [
        field.get_attribute("name") for field in page.locator("input, textarea").all() if field.is_visible()
    ] == []


def test_print_of_taken_days_keeps_the_days_that_are_available_instead(page, odoo):
    start = START + timedelta(days=230)
    take(odoo, 9, start, 3)
    page.goto(f"{MACHINE}?date_from={start}&date_to={start + timedelta(days=3)}")
    page.emulate_media(media="print")
    expect(page.locator("#quote .choice").first).to_be_visible()
