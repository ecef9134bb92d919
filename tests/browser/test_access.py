"""Every page passes axe-core, on a phone and on a desk, by day and by night."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests import serving
from tests.browser.conftest import watched
from tests.browser.test_task import START, fill_in, take

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


SCREENS = [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]


@pytest.fixture(scope="module")
def odoo():
    with serving.demo() as server:
        yield server


@pytest.fixture(scope="module")
def site(odoo, tmp_path_factory):
    """One for all tests here: nothing they do stands in each other's way."""
    with serving.site(odoo.url, tmp_path_factory.mktemp("site")) as server:
        yield server


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
