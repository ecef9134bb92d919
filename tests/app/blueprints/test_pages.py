"""The home page, the pages about the business, and the files for crawlers."""

import re
import xml.etree.ElementTree as ET

import pytest


@pytest.mark.parametrize("path", ["/", "/about", "/contact", "/equipment"])
def test_every_page_has_metadata_for_search_engines_and_messengers(client, odoo, path):
    page = client.get(path).text
    for part in (
        '<meta name="description" content="',
        '<link rel="canonical" href="http://localhost',
        'property="og:title"',
    ):
        assert part in page


def test_home_offers_dates_categories_and_featured_machines(client, odoo):
    page = client.get("/").text
    assert 'id="calendar-dates"' in page
    assert "/equipment?category=Lawn+Care" in page
    assert "Professional Snow Blower" in page


def test_only_the_picture_of_the_first_screen_of_home_comes_first(client, odoo):
    first, *others = re.findall("<img[^>]*480x360[^>]*>", client.get("/").text)
    assert 'fetchpriority="high"' in first
    assert all('loading="lazy"' in other for other in others)


def test_the_sitemap_names_every_vehicle_with_its_full_address(client, odoo):
    root = ET.fromstring(client.get("/sitemap.xml").data)
    addresses = {element.text for element in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")}
    assert "http://localhost/equipment/1-professional-snow-blower" in addresses
    assert len(addresses) == 15 + 4


def test_crawlers_stay_out_of_bookings_and_find_the_sitemap(client):
    robots = client.get("/robots.txt").text
    assert "Disallow: /bookings" in robots
    assert "Sitemap: http://localhost/sitemap.xml" in robots


def test_about_and_contact_need_no_odoo(client, odoo):
    odoo.fails_with = 500
    assert client.get("/about").status_code == 200
    assert client.get("/contact").status_code == 200


def test_nothing_cached_and_no_odoo_is_a_page_that_tries_again(client, odoo):
    odoo.fails_with = 500
    page = client.get("/equipment")
    assert page.status_code == 503
    assert 'http-equiv="refresh"' in page.text
    assert client.get("/equipment", headers={"HX-Request": "true"}).headers["HX-Retarget"] == "#announcement"


def test_the_texts_of_the_business_come_from_settings(make_app, odoo):
    settings = {
        "business_tagline": "Lifts for every height",
        "business_about": "We are two sisters with forty lifts.",
        "business_price_note": "Fuel is extra.",
        "business_promises": ("Delivered by eight",),
        "business_map_url": "https://map.example/yard",
        "business_accent": "#7a1f1f",
    }
    client = make_app(**settings).test_client()
    home, about, contact = (client.get(path).text for path in ("/", "/about", "/contact"))
    assert "Lifts for every height" in home
    assert "Delivered by eight" in home
    assert "We are two sisters with forty lifts." in about
    assert "Fuel is extra." in about
    assert 'href="https://map.example/yard"' in contact
    assert "--forest:#7a1f1f" in client.get("/brand.css").text
    assert 'href="/brand.css?v=7a1f1f"' in home
    for page in (home, about, contact):
        assert "family-run" not in page


def test_without_an_accent_there_is_no_style_sheet_of_the_business(client, odoo):
    assert client.get("/brand.css").status_code == 404
    assert "brand.css" not in client.get("/").text
