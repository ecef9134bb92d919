import re
from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from lco import clock, create_app
from lco.caching.swr import is_idle
from lco.domain.booking import BookingRequest
from lco.domain.date_range import DateRange
from lco.errors import BadRequest, NotFound
from lco.web.regions import region
from tests.html import check
from tests.serving import wait_until


@pytest.mark.parametrize(
    ("name", "element_id", "topics", "slow"),
    [
        ("card:1", "card-1", {"vehicle:1", "day"}, False),
        ("card:1:2026-12-01:2026-12-05", "card-1", {"vehicle:1", "day"}, True),
        ("status:1", "status-1", {"vehicle:1", "day"}, False),
        ("rates:1", "rates-1", {"vehicle:1", "day"}, False),
        ("calendar:1:2026-12", "calendar-1", {"vehicle:1", "day"}, True),
        ("quote:1:2026-12-01:2026-12-05", "quote", {"vehicle:1", "day"}, True),
        ("choices:1", "choices-1", {"vehicle:1", "day"}, True),
        ("news:1763800000000-0", "news", {"catalogue"}, False),
        ("odoo", "odoo", {"odoo", "live"}, False),
    ],
)
def test_a_name_gives_element_topics_and_whether_it_is_slow(name, element_id, topics, slow):
    found = region(name)
    assert (found.name, found.element_id, found.topics, found.slow) == (name, element_id, topics, slow)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ":",
        "card",
        "card:",
        "card:0",
        "card:01",
        "card:-1",
        "card:1x",
        "card:\u0661",
        "card:9999999999",
        "card:1:2026-12-01",
        "card:1:2026-12-05:2026-12-01",
        "card:1:2026-12-01:2028-12-01",
        "card:1:20261201:20261205",
        "card:1:2026-W49-2:2026-12-05",
        "card:1:0001-01-01:0001-01-02",
        "card:1:9999-01-01:9999-01-02",
        "status:1:2",
        "calendar:1",
        "calendar:1:2026-13",
        "calendar:1:2026-12-01",
        "quote:1",
        "news:",
        "news:abc",
        "odoo:1",
        "layouts/base",
        "../pages/home",
    ],
)
def test_an_unknown_region_is_refused(name):
    with pytest.raises(BadRequest):
        region(name)


def test_a_booking_is_found_by_its_secret_and_followed_by_its_number(app, booking):
    with app.app_context():
        found = region(f"booking:{booking.token}")
    assert found.element_id == "booking"
    assert found.topics == {f"booking:{booking.id}", "vehicle:2", "day"}
    assert booking.token not in str(found.topics)


def test_an_unknown_booking_is_not_found(app, booking):
    with app.app_context(), pytest.raises(NotFound):
        region("booking:no-such-token")


@pytest.mark.parametrize(
    "name",
    [
        "card:1",
        "card:2:{from}:{to}",
        "status:1",
        "rates:1",
        "calendar:1:{month}",
        "quote:1:{from}:{to}",
        "quote:1:{soon}:{then}",
        "news:{since}",
        "odoo",
    ],
)
def test_every_region_is_one_element_that_bears_its_id_and_name(rendered, names, name):
    name = name.format_map(names)
    html = rendered(name)
    check(html)
    assert html.count(f'data-region="{name}"') == 1
    assert html.lstrip().startswith("<")
    assert f'id="{region_of(name)}"' in html.split(">")[0]


def region_of(name):
    kind, _, rest = name.partition(":")
    return kind if kind in {"quote", "news", "odoo"} else f"{kind}-{rest.split(':')[0]}"


def test_region_that_shows_old_or_missing_data_is_named_so_in_its_page(app, odoo, names):
    name = "quote:1:{from}:{to}".format_map(names)
    with app.test_request_context():
        assert f'data-region="{name}"' in region(name).html_in_page()
        with clock.moved(timedelta(minutes=1)):
            assert f'data-region="{name}:old"' in region(name).html_in_page(), "an answer that is no longer fresh"
            wait_until(is_idle, "the refresh")
            assert f'data-region="{name}"' in region(name).html_in_page()
        odoo.fails_with = requests.ConnectTimeout()
        other = "quote:2:{from}:{to}".format_map(names)
        assert f'data-region="{other}:old"' in region(other).html_in_page(), "no answer"


def test_the_name_of_an_old_region_is_that_of_the_first_in_the_stream():
    old, new = region("card:1:old"), region("card:1")
    assert (old.is_old, new.is_old) == (True, False)
    assert (old.element_id, old.topics, old.kind) == (new.element_id, new.topics, new.kind)


@pytest.mark.usefixtures("odoo")
def test_page_of_another_release_is_loaded_again_unless_it_answers_a_form(app, client):
    pages = client.get("/equipment"), client.post("/booking/find", data={"number": "", "email": ""})
    names = re.findall(r'data-region="(release:[^"]+)"', "".join(page.text for page in pages))
    with app.test_request_context():
        assert [name.count(":posted") for name in names] == [0, 1]
        assert all("earlier version" not in region(name).html() and not region(name).is_old for name in names)
        other = region("release:0123456789ab"), region("release:0123456789ab:posted")
        assert all(one.is_old and "earlier version" in one.html() for one in other)
        assert ['hx-get="/back"' in one.html() for one in other] == [True, False]
    for odd in ("release", "release:x", "release:0123456789ab:other"):
        with pytest.raises(BadRequest):
            region(odd)


def test_a_card_with_days_shows_whether_it_is_free_on_them(rendered, names):
    assert 'data-free="yes"' in rendered("card:1:{from}:{to}".format_map(names))
    assert 'data-free="no"' in rendered("card:1:{soon}:{then}".format_map(names))
    assert "data-free" not in rendered("card:1")


def test_a_card_with_days_does_not_show_the_state_of_today_while_odoo_is_away(rendered, app, names, odoo):
    app.extensions["lco"].catalogue.vehicles()
    odoo.fails_with = requests.ConnectTimeout()
    html = rendered("card:1:{from}:{to}".format_map(names))
    assert "Not checked" in html
    assert 'data-status="available"' not in html
    assert 'data-status="available"' in rendered("card:1")


def test_a_quote_is_explained_or_offers_other_days(rendered, names):
    assert "2 days at $150" in rendered("quote:1:{from}:{to}".format_map(names))
    taken = rendered("quote:1:{soon}:{then}".format_map(names))
    assert "Not available for these dates" in taken
    assert taken.count('name="use_dates"') == 3


def test_a_vehicle_that_is_gone_still_has_a_card_but_no_calendar(rendered, names):
    assert "no longer offered" in rendered("card:99")
    with pytest.raises(NotFound):
        rendered("calendar:99:{month}".format_map(names))


def test_a_booking_is_one_element_with_its_reference(rendered, booking):
    html = rendered(f"booking:{booking.token}")
    check(html)
    assert f'data-region="booking:{booking.token}"' in html
    assert booking.reference in html


def test_a_booking_is_shown_even_when_no_catalogue_can_be_had(booking, odoo, settings, tmp_path):
    odoo.fails_with = requests.ConnectTimeout()
    without_catalogue = create_app(replace(settings, cache_dir=tmp_path / "empty"))
    with without_catalogue.test_request_context():
        assert booking.reference in region(f"booking:{booking.token}").html()


@pytest.fixture
def names(app, settings):
    """What stands in for the changing parts of names: days on which machine 1 is free, and days when it is not."""
    today = clock.today(settings.timezone)
    return {
        "soon": (today + timedelta(days=1)).isoformat(),
        "then": (today + timedelta(days=3)).isoformat(),
        "from": (today + timedelta(days=100)).isoformat(),
        "to": (today + timedelta(days=102)).isoformat(),
        "month": today.isoformat()[:7],
        "since": str(app.extensions["lco"].changes.head()),
    }


@pytest.fixture
def rendered(app, odoo):
    def render(name):
        with app.test_request_context():
            return region(name).html()

    return render


@pytest.fixture
def booking(app, odoo, settings):
    """A booking that Odoo has accepted."""
    services = app.extensions["lco"]
    services.db.migrate()
    start = clock.today(settings.timezone) + timedelta(days=100)
    request = BookingRequest(
        2, DateRange(start, start + timedelta(days=2)), "Ann", "ann@example.com", "+12185550142"
    )
    return services.bookings.service.place(request, "key-1", lambda: None)
