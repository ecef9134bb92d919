"""Pictures under the site's own addresses: only those shown on pages, in one form, and replaced ones at once."""

import re
from datetime import timedelta

import pytest

MAIN = "/pictures/480x360/fleet.vehicle/3/image_1920"


@pytest.fixture(autouse=True)
def _odoo(odoo):
    return odoo


def files(settings) -> list[str]:
    return [path.name for path in (settings.cache_dir / "pictures").glob("*")]


def pictures_asked(odoo) -> list[str]:
    return [asked for asked in odoo.asked if "/web/image/" in asked]


def pictures_on(client, path: str) -> list[str]:
    return [
        address.replace("&amp;", "&") for address in re.findall(r'src="(/pictures/[^"]+)"', client.get(path).text)
    ]


@pytest.mark.parametrize("path", ["/equipment", "/equipment/3-gehl-v270"])
def test_every_picture_that_a_page_shows_is_served(client, path):
    path = client.get(path).headers.get("Location", path)
    addresses = pictures_on(client, path)
    assert addresses
    for address in addresses:
        assert client.get(address).content_type.startswith("image/svg+xml"), address


@pytest.mark.parametrize(
    "wrong",
    [
        "fleet.vehicle/03/image_1920",
        "fleet.vehicle/000000000003/image_1920",
        "fleet.vehicle/3/image_1024",
        "fleet.vehicle/3/image_128",
        "fleet.vehicle/999/image_1920",
        "fleet.vehicle.nope/3/x",
        "fleet.vehicle.image/31/image",
        "fleet.vehicle.image/31/image?vehicle=4",
        "fleet.vehicle.image/31/image?vehicle=999",
        "fleet.vehicle.image/31/image?vehicle=x",
        "fleet.vehicle.image/31/image?vehicle=-3",
        "fleet.vehicle.image/99/image?vehicle=3",
        "res.users/1/avatar_128",
    ],
)
def test_any_other_address_is_not_found_asks_odoo_for_no_picture_and_leaves_no_file(client, odoo, settings, wrong):
    assert client.get(f"/pictures/480x360/{wrong}").status_code in {404, 410}
    assert pictures_asked(odoo) == []
    assert files(settings) == []


def test_hundreds_of_made_up_addresses_cause_no_call_and_no_file(client, odoo, settings):
    client.get("/equipment")
    asked = len(odoo.asked)
    for number in range(500):
        assert client.get(f"/pictures/480x360/fleet.vehicle.image/{number}/image_{number}").status_code == 404
    assert len(odoo.asked) == asked
    assert files(settings) == []


@pytest.mark.parametrize("query", ["?v=1", "?utm_source=mail", "?v="])
def test_another_form_of_an_address_leads_to_the_one_form(client, query):
    answer = client.get(MAIN + query)
    assert (answer.status_code, answer.headers["Location"]) == (302, MAIN)


def test_a_replaced_picture_has_another_address_at_once(client, odoo, app):
    before = client.get(MAIN)
    assert before.headers["Cache-Control"] == "public, max-age=86400"
    odoo.control("vehicles/3", picture="chainsaw")
    app.extensions["lco"].catalogue.sync.reread(3)
    app.extensions["lco"].catalogue.details(3)
    (address,) = [address for address in pictures_on(client, "/equipment") if "fleet.vehicle/3/" in address]
    assert re.fullmatch(re.escape(MAIN) + r"\?v=\w+", address)
    after = client.get(address)
    assert after.status_code == 200
    assert after.data != before.data
    assert after.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(MAIN).headers["Location"] == address


def test_pictures_are_served_while_odoo_is_unavailable(client, odoo, advance_clock):
    client.get(MAIN)
    odoo.fails_with = 500
    advance_clock(timedelta(days=3))
    assert client.get(MAIN).status_code == 200
