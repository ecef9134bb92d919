"""The storefront reads Odoo sparingly, and serves on when Odoo does not."""

import re
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests

from lco import clock
from tests import serving
from tests.html import check

LIST = "GET /api/fleet/vehicles"
DETAIL = "GET /api/fleet/vehicle/{id}"
FAULTS = ("errors", "hang", "reset", "html", "nonsense", "down")


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=60)


def at_once(urls: list[str]) -> list[int]:
    with ThreadPoolExecutor(len(urls)) as threads:
        return [answer.status_code for answer in threads.map(get, urls)]


@pytest.fixture
def cold(odoo, tmp_path):
    """A site that has never asked Odoo for anything."""
    with serving.site(odoo.url, tmp_path) as server:
        yield server


def test_150_lists_with_different_filters_cost_a_cold_site_two_list_reads(cold, odoo):
    odoo.control("reset", calls_only=True)
    start = clock.today(ZoneInfo("America/Chicago")) + timedelta(days=40)
    dates = f"date_from={start}&date_to={start + timedelta(days=3)}"
    filters = (
        [f"q={n}" for n in range(50)]
        + [f"max_price={n}" for n in range(50)]
        + [f"{dates}&page={n}" for n in range(50)]
    )
    assert set(at_once([f"{cold.url}/equipment?{query}" for query in filters])) == {200}
    assert odoo.calls(LIST) <= 2


def test_200_requests_for_one_vehicle_cost_one_or_two_reads(cold, odoo):
    odoo.control("reset", calls_only=True)
    assert set(at_once([f"{cold.url}/equipment/1-professional-snow-blower"] * 200)) == {200}
    assert odoo.calls(DETAIL) <= 2


@pytest.mark.parametrize("fault", FAULTS)
def test_warm_pages_survive_an_odoo_that(fault, odoo, cold):
    pages = [
        f"{cold.url}{path}" for path in ("/", "/equipment", "/equipment/2-cat-299d3-skid-steer", "/sitemap.xml")
    ]
    assert set(at_once(pages)) == {200}
    odoo.control("faults", mode=fault, seconds=30)
    for _ in range(5):
        for page in pages:
            answer = get(page)
            assert answer.status_code == 200
            if "html" in answer.headers["Content-Type"]:
                check(answer.text)


def test_a_site_started_while_odoo_is_down_serves_its_cached_data(odoo, tmp_path):
    with serving.site(odoo.url, tmp_path) as site:
        get(f"{site.url}/equipment")
        backend = Path(tmp_path / "cache")
        serving.wait_until(lambda: any(backend.rglob("*")), "the cache on disk")
        odoo.control("faults", mode="down")
        site.stop(signal.SIGKILL)
        site.start()
        page = get(f"{site.url}/equipment")
    assert page.status_code == 200
    assert "Professional Snow Blower" in page.text


def test_a_site_that_never_reached_odoo_shows_a_message_and_retries(odoo, tmp_path):
    odoo.control("faults", mode="down")
    with serving.site(odoo.url, tmp_path) as site:
        page = get(f"{site.url}/equipment")
        assert page.status_code == 503
        assert 'http-equiv="refresh"' in page.text
        check(page.text)
        odoo.control("faults", mode="off")
        serving.wait_until(lambda: get(f"{site.url}/equipment").status_code == 200, "the shop to come back")


def test_the_age_of_old_data_is_shown_and_hidden_again(odoo, tmp_path):
    with serving.site(odoo.url, tmp_path) as site:
        assert "is not answering" not in get(f"{site.url}/equipment").text
        odoo.stop(signal.SIGKILL)
        site.stop()
        site.start()
        serving.wait_until(lambda: "is not answering" in get(f"{site.url}/equipment").text, "the note of age")
        odoo.start()
        serving.wait_until(lambda: "is not answering" not in get(f"{site.url}/equipment").text, "the note to go")


def test_the_first_visit_fits_into_40_kilobytes(site):
    page = get(f"{site.url}/equipment", **{"Accept-Encoding": "br"})
    assert page.headers["Content-Encoding"] == "br"
    paths = set(re.findall(r"/static/[^\"]+[.](?:css|js)", page.text))
    (sheet,) = (path for path in paths if path.endswith(".css"))
    paths.update(re.findall(r"/static/[^\"]+[.]woff2", get(site.url + sheet).text))
    assert len(paths) >= 6
    files = {site.url + path for path in paths}
    bodies = [transferred(url) for url in files | {f"{site.url}/equipment"}]
    assert sum(bodies) <= 40_000


def transferred(url: str) -> int:
    with requests.get(url, headers={"Accept-Encoding": "br"}, stream=True, timeout=60) as answer:
        return len(answer.raw.read(decode_content=False))


def test_an_unchanged_page_is_not_sent_twice(site):
    first = get(f"{site.url}/equipment")
    again = get(f"{site.url}/equipment", **{"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert not again.content


def test_pictures_come_from_the_site_and_stay_when_odoo_is_away(site, odoo):
    url = f"{site.url}/pictures/480x360/fleet.vehicle/3/image_1920"
    assert get(url).headers["Content-Type"].startswith("image/svg+xml")
    odoo.control("faults", mode="down")
    assert get(url).status_code == 200
    assert get(f"{site.url}/pictures/480x360/res.users/1/image_1920").status_code == 404
    assert get(f"{site.url}/pictures/9x9/fleet.vehicle/3/image_1920").status_code == 404
