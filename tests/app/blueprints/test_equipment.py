"""The list and a vehicle's page: what they show, what they refuse, and that they carry no personal data."""

import html
import json
import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from lco import clock
from lco.domain.date_range import DAY

HTMX = {"HX-Request": "true"}


@pytest.fixture
def dates(settings):
    """Four days far from every booking of the demo's."""
    start = clock.today(settings.timezone) + timedelta(days=90)
    return f"date_from={start}&date_to={start + DAY * 4}"


@pytest.fixture(autouse=True)
def _odoo(odoo):
    return odoo


def names(html: str) -> set[str]:
    return set(re.findall(r'data-region="card:(\d+)', html))


def test_the_list_shows_every_machine_for_rent(client):
    page = client.get("/equipment")
    assert page.status_code == 200
    assert len(names(page.text)) == 15


def test_filters_narrow_the_list(client):
    page = client.get("/equipment?brand=Stihl&max_price=80")
    assert "Professional String Trimmer" in page.text
    assert "Professional Chainsaw" not in page.text


def test_htmx_gets_the_results_alone_and_the_answer_varies_by_it(client):
    fragment = client.get("/equipment?q=stump", headers=HTMX)
    assert "<html" not in fragment.text
    assert 'id="results"' in fragment.text
    assert fragment.headers["HX-Push-Url"] == "/equipment?q=stump"
    assert "HX-Request" in fragment.headers["Vary"]
    assert "HX-Request" in client.get("/equipment").headers["Vary"]


def test_restoring_history_gets_the_whole_page(client):
    page = client.get("/equipment", headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in page.text


def test_a_mistyped_filter_shows_an_error_and_the_list_is_still_shown(client):
    page = client.get("/equipment?max_price=cheap&page=0&date_from=soon&date_to=")
    assert page.status_code == 200
    assert "Enter a number, like 150." in page.text
    assert "Professional Snow Blower" in page.text


def test_machines_taken_on_the_dates_stay_in_the_list_after_the_rest(client, odoo, dates):
    odoo.change(3, in_maintenance=True)
    page = client.get(f"/equipment?{dates}").text
    assert "14 machines available" in page
    assert re.findall(r'id="card-([0-9]+)"', page)[-1] == "3"


def test_pictures_of_the_first_screen_do_not_wait_and_the_first_one_leads(client):
    pictures = re.findall("<img[^>]*480x360[^>]*>", client.get("/equipment").text)
    assert ['fetchpriority="high"' in picture for picture in pictures[:2]] == [True, False]
    assert [number for number, picture in enumerate(pictures, 1) if 'loading="lazy"' not in picture] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]


def test_a_card_shows_the_sentence_of_the_business_about_the_machine(client):
    assert "clears a long drive before breakfast" in client.get("/equipment").text


def test_a_corrected_search_word_is_shown(client):
    assert "Showing results for <b>excavator</b>" in client.get("/equipment?q=excavater").text
    assert "Showing results" not in client.get("/equipment?q=excavators").text


def test_the_list_is_shown_when_odoo_cannot_answer_for_availability(client, odoo, dates):
    client.get("/equipment")
    odoo.fails_with = 500
    page = client.get(f"/equipment?{dates}")
    assert page.status_code == 200
    assert len(names(page.text)) == 15
    assert "cannot say which of these are available" in page.text


def test_a_vehicle_has_one_address(client):
    for other in (
        "/equipment/3",
        "/equipment/3-old-name",
        "/equipment/3-COMMERCIAL-zero-turn-mower?month=2027-01",
    ):
        answer = client.get(other)
        assert answer.status_code == 301
        assert answer.location.startswith("/equipment/3-commercial-zero-turn-mower")


def test_a_vehicles_page_shows_all_its_details(client):
    page = client.get("/equipment/6-bobcat-e35-mini-excavator").text
    for words in (
        "Bobcat E35 Mini Excavator",
        "$500",
        "$2,000",
        "$6,000",
        "Dig depth",
        "Zero tail swing",
        "<table",
    ):
        assert words in page


def test_an_unknown_vehicle_is_404_and_a_removed_one_410(client, app, odoo):
    assert client.get("/equipment/999-nothing").status_code == 404
    client.get("/equipment")
    odoo.remove(3)
    app.extensions["lco"].catalogue.sync.removed(3)
    assert client.get("/equipment/3-commercial-zero-turn-mower").status_code == 410


def test_dates_bring_a_quote_at_odoos_price_and_the_booking_form(client, dates):
    page = client.get(f"/equipment/6-bobcat-e35-mini-excavator?{dates}")
    assert "$2,000" in page.text
    assert 'action="/bookings"' in page.text
    assert 'name="idempotency_key"' in page.text
    assert page.headers["Cache-Control"] == "private, no-store"


def test_each_form_has_a_key_of_its_own(client, dates):
    keys = {
        re.search(
            r'name="idempotency_key" value="([^"]+)"',
            client.get(f"/equipment/6-bobcat-e35-mini-excavator?{dates}").text,
        )[1]
        for _ in range(2)
    }
    assert len(keys) == 2


def test_wrong_dates_show_an_error_at_their_fields(client):
    page = client.get("/equipment/6-bobcat-e35-mini-excavator?date_from=2020-01-01&date_to=2020-01-05")
    assert "The rental cannot start before today." in page.text
    assert "<title>Error: " in page.text


def test_a_page_without_dates_carries_no_person_and_is_sent_once(client):
    client.get("/equipment/6-bobcat-e35-mini-excavator")  # publishes the rates that the list does not have
    first = client.get("/equipment/6-bobcat-e35-mini-excavator")
    assert "private" not in first.headers.get("Cache-Control", "")
    assert (
        client.get(
            "/equipment/6-bobcat-e35-mini-excavator", headers={"If-None-Match": first.headers["ETag"]}
        ).status_code
        == 304
    )


def test_search_engines_read_the_visible_price(client):
    page = client.get("/equipment/1-professional-snow-blower").text
    data = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[1])
    assert data["offers"]["price"] == "150.00"
    assert data["offers"]["priceCurrency"] == "USD"
    assert "$150" in page
    assert f'<link rel="canonical" href="{data["url"]}">' in page
    assert f'<meta property="og:image" content="{data["image"]}">' in page
    assert data["image"].startswith("http://localhost/pictures/")


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("/equipment?page=999", "/equipment"),
        ("/equipment?category=Lawn+Care&sort=price", "/equipment?category=Lawn+Care"),
        ("/equipment?category=Nonsense", "/equipment"),
    ],
)
def test_a_list_without_a_page_of_its_own_names_the_one_that_it_repeats(client, address, canonical):
    assert f'<link rel="canonical" href="http://localhost{canonical}">' in client.get(address).text


def test_the_calendar_turns_for_htmx_and_for_plain_links(client, settings):
    month = f"{clock.today(settings.timezone) + timedelta(days=40):%Y-%m}"
    fragment = client.get(f"/equipment/1/calendar?month={month}", headers=HTMX)
    assert f'data-region="calendar:1:{month}"' in fragment.text
    plain = client.get(f"/equipment/1/calendar?month={month}")
    assert plain.status_code == 302
    assert f"month={month}" in plain.location


@pytest.mark.parametrize(("month", "status"), [("2026-13", 400), ("x", 400), ("2020-01", 404), ("2090-01", 404)])
def test_the_calendar_refuses_months_it_does_not_have(client, month, status):
    assert client.get(f"/equipment/1/calendar?month={month}").status_code == status


def test_each_free_month_costs_odoo_one_question(client, odoo, settings):
    month = f"{clock.today(settings.timezone) + timedelta(days=100):%Y-%m}"
    client.get("/equipment/4-professional-string-trimmer")
    odoo.asked.clear()
    client.get(f"/equipment/4/calendar?month={month}", headers=HTMX)
    assert odoo.asked.count("POST /api/fleet/availability") == 2


def test_a_vehicle_without_readable_details_is_shown_with_the_known_data(client, odoo):
    client.get("/equipment")
    odoo.fails_with = requests.ConnectTimeout()
    page = client.get("/equipment/9-plate-compactor")
    assert page.status_code == 200
    assert "Plate Compactor" in page.text
    assert "cannot be shown right now" in page.text


def test_dates_without_an_answer_from_odoo_show_a_message(client, odoo, dates):
    client.get("/equipment/9-plate-compactor")
    odoo.fails_with = requests.ConnectTimeout()
    page = client.get(f"/equipment/9-plate-compactor?{dates}")
    assert page.status_code == 200
    assert "cannot check these dates" in page.text


def test_cards_show_the_price_for_the_dates(client, odoo):
    page = client.get("/equipment?q=snow+blower&date_from=2027-02-24&date_to=2027-02-27").text
    assert "for 3 days" in page
    assert "<b>$450</b>" in page
    assert "Available now" not in page


def test_typing_replaces_the_entry_of_the_history_and_a_choice_makes_a_new_one(client):
    typed = client.get("/equipment?typed=1&q=mow", headers=HTMX).headers
    assert typed["HX-Replace-Url"] == "/equipment?q=mow"
    assert "HX-Push-Url" not in typed
    chosen = client.get("/equipment?q=mow&category=Lawn+Care", headers=HTMX).headers
    assert chosen["HX-Push-Url"] == "/equipment?q=mow&category=Lawn+Care"
    assert "HX-Replace-Url" not in chosen


def test_the_first_day_alone_is_no_mistake(client):
    page = client.get("/equipment?date_from=2027-02-24&month=2027-02").text
    assert "Now choose the return day" in page
    assert "Error: " not in page


def test_the_calendar_of_the_list_leads_to_the_list_without_scripts(client):
    answer = client.get("/equipment/dates?q=mower&month=2027-02&date_from=2027-02-24")
    assert answer.status_code == 302
    assert answer.location == "/equipment?q=mower&date_from=2027-02-24&month=2027-02"
    part = client.get("/equipment/dates?month=2027-02&date_from=2027-02-24", headers=HTMX)
    assert part.headers["HX-Push-Url"] == "false"
    assert 'id="calendar-dates"' in part.text


@pytest.mark.parametrize(
    ("page", "filters"),
    [
        ("/", {"leaves": "1"}),
        ("/equipment?month=2027-02", {}),
        ("/equipment?q=%3Cb%3E%26%22&max_price=80&month=2027-02", {"q": '<b>&"', "max_price": "80"}),
        ("/equipment?q=%E9%9B%AA+blower&sort=price", {"q": "雪 blower", "sort": "price"}),
        ("/equipment?category=Lawn+%26+Garden", {"category": "Lawn & Garden"}),
    ],
)
def test_links_of_the_calendar_carry_the_filters_of_their_own_page(client, page, filters):
    client.get("/equipment?q=mower&category=Power+Tools&month=2027-02")
    text = client.get(page).text
    calendar = text[text.index('id="calendar-dates"') : text.index("</table>", text.rindex('role="grid"'))]
    links = [urlsplit(html.unescape(link)) for link in re.findall(r'href="([^"]*)"', calendar)]
    assert len(links) > 20
    assert {link.path for link in links} == {"/equipment/dates"}
    for link in links:
        parameters = dict(parse_qsl(link.query))
        assert re.fullmatch(r"20\d\d-\d\d", parameters.pop("month"))
        parameters.pop("date_from", None)
        assert parameters == filters
