"""Every page passes axe-core on four screens, and can be used with large text and with forced colours."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests import serving
from tests.browser import chromium
from tests.browser.conftest import watched
from tests.browser.test_task import START, fill_in, take

pytestmark = pytest.mark.shared_site

DATES = f"date_from={START}&date_to={START + timedelta(days=3)}"
PAGES = [
    "/",
    "/equipment",
    f"/equipment?{DATES}&q=st",
    "/equipment?q=nothing-like-this&min_price=x",
    "/equipment/6-bobcat-e35-mini-excavator",
    f"/equipment/6-bobcat-e35-mini-excavator?{DATES}",
    "/equipment/6-bobcat-e35-mini-excavator?date_from=2020-01-01&date_to=x",
    "/about",
    "/contact",
    "/nothing-here",
]


SCREENS = [(320, "light"), (390, "dark"), (768, "dark"), (1280, "light")]


@pytest.fixture(params=SCREENS, ids=str)
def screen(request, browser, site, odoo, complaints):
    width, scheme = request.param
    context = browser.new_context(
        base_url=site.url, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    yield watched(context.new_page(), complaints)
    context.close()
    assert not complaints


def violations(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{v['id']}: {node['html'][:120]} {node.get('failureSummary', '')[:200]}"
        for v in found
        for node in v["nodes"]
    ]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(screen, path):
    screen.goto(path)
    assert violations(screen) == []


def test_axe_finds_nothing_on_the_way_to_a_booking(screen, request):
    start = START + timedelta(days=10 * SCREENS.index(request.node.callspec.params["screen"]))
    screen.goto(f"/equipment/6-bobcat-e35-mini-excavator?date_from={start}&date_to={start + timedelta(days=3)}")
    screen.get_by_role("button", name=re.compile("^Book ")).click()
    screen.get_by_role("heading", name="There is a problem").wait_for()
    assert violations(screen) == []
    fill_in(screen)
    screen.get_by_role("button", name=re.compile("^Book ")).click()
    screen.wait_for_url(re.compile("/bookings/"))
    assert violations(screen) == []


def test_axe_finds_nothing_when_the_dates_were_just_taken(screen, odoo, request):
    start = START + timedelta(days=100 + 10 * SCREENS.index(request.node.callspec.params["screen"]))
    screen.add_init_script("sessionStorage.setItem('lcoPaused', 'true')")
    screen.goto(f"/equipment/7-professional-chainsaw?date_from={start}&date_to={start + timedelta(days=3)}")
    fill_in(screen)
    take(odoo, 7, start, 3)
    screen.get_by_role("button", name=re.compile("^Book ")).click()
    screen.get_by_role("heading", name="These dates have just been taken").wait_for()
    assert violations(screen) == []


def test_axe_finds_nothing_while_there_is_nothing_to_show(browser, tmp_path):
    with serving.site(f"http://127.0.0.1:{serving.free_port()}", tmp_path) as site:
        page = browser.new_context(base_url=site.url).new_page()
        assert page.goto("/").status == 503
        assert violations(page) == []
        page.context.close()


def test_nothing_moves_sideways_on_a_phone(browser, site, odoo):
    context = browser.new_context(base_url=site.url, viewport={"width": 320, "height": 640})
    page = context.new_page()
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
    context.close()


OUTSIDE = """
() => [...document.querySelectorAll('body *')].filter((element) => {
  const box = element.getBoundingClientRect(), style = getComputedStyle(element);
  const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!hasText || style.visibility === 'hidden' || style.clipPath !== 'none' || !box.width) return false;
  const scrolls = element.closest('.gallery-strip, .prose :is(table, pre), .honeypot, .skip-link, .land');
  return !scrolls && (box.left < -1 || box.right > innerWidth + 1 || element.scrollWidth > element.clientWidth + 2
    && style.display !== 'inline' && style.overflowX !== 'visible');
}).map((element) => element.outerHTML.slice(0, 100))
"""
"""Elements whose words are outside of the screen, or cut off."""


def test_text_of_twice_the_size_loses_nothing(playwright, site):
    """The browser's own text at 200 %, not the page's zoom (WCAG 2.2, 1.4.4)."""
    lost = {}
    with chromium.launched(playwright, "--blink-settings=defaultFontSize=32") as browser:
        page = browser.new_page(base_url=site.url)
        book(page, 200)
        for path in (*PAGES, page.url):
            for width in (320, 390, 768, 1280):
                page.set_viewport_size({"width": width, "height": 900})
                if width == 320:
                    page.goto(path)
                overflow = page.evaluate("document.documentElement.scrollWidth") - width
                outside = page.evaluate(OUTSIDE)
                if overflow > 0 or outside:
                    lost[path, width] = overflow, outside
    assert lost == {}


def book(page, days: int) -> None:
    """Make a booking, so that the page is the one of the booking."""
    start = START + timedelta(days=days)
    page.goto(f"/equipment/7-professional-chainsaw?date_from={start}&date_to={start + timedelta(days=2)}")
    fill_in(page)
    page.get_by_role("button", name=re.compile("^Book ")).click()
    page.wait_for_url(re.compile("/bookings/"))


def test_forced_colours_show_the_chosen_days_and_where_cards_end(browser, site):
    context = browser.new_context(base_url=site.url, forced_colors="active")
    page = context.new_page()
    page.goto(f"/equipment/7-professional-chainsaw?{DATES}")
    ground = "(selector) => getComputedStyle(document.querySelector(selector)).backgroundColor"
    chosen, other = page.evaluate(ground, ".first > a"), page.evaluate(ground, ".months td:not([class*=' ']) > a")
    assert chosen != other
    edge = "(selector) => getComputedStyle(document.querySelector(selector)).borderTopStyle"
    assert page.evaluate(edge, ".quote") == "solid"
    page.goto("/equipment")
    assert page.evaluate(edge, ".card") == "solid"
    assert violations(page) == []
    context.close()
