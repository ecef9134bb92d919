"""The client against a real server: every call of the contract (section 1), and every way it may fail."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from lco import clock
from lco.availability.days import DAY, Days
from lco.bookings.booking import BookingRequest
from lco.catalogue.vehicle import Rates, Status
from lco.errors import OdooError
from lco.money import Money
from lco.odoo import client as module
from lco.odoo.client import OdooClient
from lco.odoo.errors import BookingInvalid, DatesRefused, OdooAway, OutcomeUnknown, VehicleUnknown
from lco.odoo.transport import Transport
from tests.serving import free_port

SNOW_BLOWER, SKID_STEER, CHAINSAW = 1, 2, 7
EMAIL = "contract@example.com"
BROKEN = ("errors", "html", "nonsense", "down", "reset", "hang")


def dollars(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


def ahead(first: int, length: int) -> Days:
    """Days that begin `first` days from now."""
    start = clock.today(ZoneInfo("America/Chicago")) + timedelta(days=first)
    return Days(start, start + timedelta(days=length))


FREE = ahead(60, 4)


def booking(**changes: object) -> BookingRequest:
    request = BookingRequest(
        vehicle_id=SNOW_BLOWER,
        days=FREE,
        name="Ada Müller",
        email=EMAIL,
        phone="+12185550142",
        kind="reservation",
        pickup_location="yard",
        return_location="home",
        message="Häuser & <Höfe>",
    )
    return replace(request, **changes)


def test_all_vehicles_are_listed_in_their_short_form(client):
    vehicles = client.vehicles()
    assert [vehicle.id for vehicle in vehicles] == list(range(1, 16))
    blower = vehicles[0]
    assert (blower.name, blower.category) == ("Professional Snow Blower", "Snow Removal")
    assert (blower.brand, blower.model, blower.year) == ("Honda", "HS1336i", 2024)
    assert blower.fuel_type == "gasoline"
    assert blower.rates == Rates(daily=dollars(150))
    assert blower.picture.sized
    assert all(vehicle.summary and vehicle.slug and vehicle.rates.daily for vehicle in vehicles)
    assert {vehicle.status for vehicle in vehicles} >= {Status.AVAILABLE, Status.RENTED, Status.MAINTENANCE}
    assert any(vehicle.featured for vehicle in vehicles)


def test_a_list_in_many_pages_is_the_same_list(client, monkeypatch):
    whole = client.vehicles()
    monkeypatch.setattr(module, "PAGE", 4)
    assert client.vehicles() == whole


def test_a_vehicle_in_its_long_form_has_everything_its_page_shows(client):
    details = client.vehicle(SNOW_BLOWER)
    assert details.vehicle.rates == Rates(dollars(150), dollars(600), dollars(1800))
    assert ("Engine", "389cc Honda GX390") in details.specifications
    assert "Electric start" in [feature.name for feature in details.features]
    assert all(feature.category for feature in details.features)
    assert details.description_html.startswith("<p>")
    assert "<li>" in details.terms_html
    assert len(details.pictures) >= 2
    assert details.pictures[0].caption == details.vehicle.name
    assert details.minimum_days >= 1
    assert details.maximum_days > details.minimum_days
    assert (details.video_url, details.tour_url) == (None, None)


def test_the_two_forms_agree(client):
    short = client.vehicles()[CHAINSAW - 1]
    long = client.vehicle(CHAINSAW).vehicle
    assert replace(long, rates=Rates(long.rates.daily)) == short


def test_what_is_unknown_or_retired_is_unknown(client, odoo):
    with pytest.raises(VehicleUnknown):
        client.vehicle(999)
    odoo.retire(CHAINSAW)
    with pytest.raises(VehicleUnknown):
        client.vehicle(CHAINSAW)
    assert CHAINSAW not in [vehicle.id for vehicle in client.vehicles()]


@pytest.mark.parametrize(
    ("length", "price"), [(1, 150), (4, 600), (7, 600), (8, 1200), (21, 1800), (30, 1800), (31, 3000)]
)
def test_a_quote_is_odoos_own_price_for_whole_days(client, length, price):
    days = Days(FREE.start, FREE.start + DAY * length)
    quote = client.quote(SNOW_BLOWER, days)
    assert (quote.vehicle_id, quote.days, quote.available, quote.total) == (
        SNOW_BLOWER,
        days,
        True,
        dollars(price),
    )


def test_a_booking_takes_its_days_but_not_the_day_of_return(client):
    client.book(booking())
    taken = [client.quote(SNOW_BLOWER, Days(day, day + DAY)).available for day in FREE]
    assert taken == [False] * 4
    assert client.quote(SNOW_BLOWER, FREE).total is None
    assert client.quote(SNOW_BLOWER, Days(FREE.end, FREE.end + DAY)).available
    assert client.quote(SNOW_BLOWER, Days(FREE.start - DAY, FREE.start)).available
    assert client.quote(SKID_STEER, FREE).available


def test_the_list_of_what_is_free_leaves_out_what_is_taken_on_any_of_the_days(client):
    client.book(booking())
    around = Days(FREE.start - DAY, FREE.end + DAY)
    everything = {vehicle.id for vehicle in client.vehicles(free=around.moved(DAY * 30))}
    assert everything == set(range(1, 16))
    assert {vehicle.id for vehicle in client.vehicles(free=around)} == everything - {SNOW_BLOWER}
    after = Days(FREE.end, FREE.end + DAY)
    assert SNOW_BLOWER in {vehicle.id for vehicle in client.vehicles(free=after)}


def test_a_booking_is_placed_with_a_reference_a_price_and_all_that_was_said(client, odoo):
    placed = client.book(booking())
    assert placed.reference.startswith("BK-")
    assert placed.odoo_id
    assert placed.message
    assert placed.total == dollars(600)
    (made,) = odoo.bookings(EMAIL)
    expected = {
        "booking_ref": placed.reference,
        "vehicle_id": SNOW_BLOWER,
        "customer_name": "Ada Müller",
        "customer_phone": "+12185550142",
        "date_from": FREE.start.isoformat(),
        "date_to": FREE.end.isoformat(),
        "booking_type": "reservation",
        "pickup_location": "yard",
        "return_location": "home",
        "message": "Häuser & <Höfe>",
    }
    assert {name: made[name] for name in expected} == expected


@pytest.mark.parametrize("kind", ["inquiry", "reservation", "test_drive"])
def test_every_kind_of_booking_is_taken(client, kind):
    assert client.book(booking(kind=kind)).reference


@pytest.mark.parametrize("overlap", [FREE, FREE.moved(DAY * 3), FREE.moved(-DAY * 3), ahead(61, 1), ahead(50, 30)])
def test_taken_days_are_refused_with_409(client, odoo, overlap):
    client.book(booking())
    with pytest.raises(DatesRefused) as error:
        client.book(booking(days=overlap))
    assert error.value.upstream_status == 409
    assert len(odoo.bookings(EMAIL)) == 1


def test_days_that_only_touch_are_not_refused(client):
    client.book(booking())
    assert client.book(booking(days=Days(FREE.end, FREE.end + DAY * 2))).reference


def test_of_twenty_bookings_at_once_one_is_placed(client, odoo):
    def placed(_: int) -> bool:
        try:
            client.book(booking())
        except DatesRefused:
            return False
        return True

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(placed, range(20))) == 1
    assert len(odoo.bookings(EMAIL)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"email": "nobody"},
        {"phone": ""},
        {"kind": "gift"},
        {"days": ahead(-3, 5)},
        {"days": ahead(60, 400)},
    ],
)
def test_what_is_wrong_with_a_booking_is_said_in_odoos_words(client, odoo, changes):
    with pytest.raises(BookingInvalid) as error:
        client.book(booking(**changes))
    assert error.value.upstream_status == 400
    assert error.value.message != BookingInvalid.message
    assert odoo.bookings(EMAIL) == []


def test_a_booking_or_quote_for_an_unknown_vehicle_is_refused_with_404(client):
    with pytest.raises(VehicleUnknown):
        client.book(booking(vehicle_id=999))
    with pytest.raises(VehicleUnknown):
        client.quote(999, FREE)


def test_brands_have_ids_and_names(client):
    brands = client.brands()
    assert {"Honda", "Stihl", "Bobcat"} <= set(brands.values())
    assert len(set(brands.values())) == len(brands)


@pytest.mark.parametrize("size", ["240x180", "480x360", "960x720"])
def test_pictures_come_in_the_size_asked_for(client, size):
    vehicle = client.vehicle(SNOW_BLOWER)
    for picture in (vehicle.vehicle.picture, *vehicle.pictures):
        path = picture.url.partition("/web/image/")[2]
        reply = client.image(f"{path}/{size}")
        assert reply.content_type.startswith("image/")
        assert reply.content


def test_a_picture_that_is_not_there_is_unknown_or_nothing_but_a_placeholder(client, odoo):
    nowhere, elsewhere = (f"fleet.vehicle/{vehicle_id}/image_1920/480x360" for vehicle_id in (998, 999))
    if odoo.shows_a_placeholder:
        assert client.image(nowhere).content == client.image(elsewhere).content
    else:
        with pytest.raises(VehicleUnknown):
            client.image(nowhere)


CALLS = {
    "vehicles": lambda client: client.vehicles(),
    "vehicle": lambda client: client.vehicle(SNOW_BLOWER),
    "quote": lambda client: client.quote(SNOW_BLOWER, FREE),
    "brands": lambda client: client.brands(),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("mode", BROKEN)
def test_a_read_from_a_broken_odoo_is_an_error_and_works_again_afterwards(client, odoo, mode, call):
    odoo.fail(mode)
    with pytest.raises(OdooError) as error:
        CALLS[call](client)
    assert error.type is OdooError
    odoo.fail("off")
    client.transport.breaker.succeeded()
    assert CALLS[call](client)


@pytest.mark.parametrize("call", CALLS)
def test_a_slow_odoo_is_only_slow(client, odoo, call):
    odoo.fail("slow")
    assert CALLS[call](client)


@pytest.mark.parametrize("mode", BROKEN)
def test_a_booking_with_a_broken_odoo_has_an_unknown_outcome_and_is_made_at_most_once(client, odoo, mode):
    odoo.fail(mode)
    with pytest.raises(OutcomeUnknown):
        client.book(booking())
    assert odoo.bookings(EMAIL) == []


def test_a_booking_whose_answer_is_lost_is_made_once_and_its_outcome_unknown(client, odoo):
    odoo.fail("lost")
    with pytest.raises(OutcomeUnknown):
        client.book(booking())
    assert len(odoo.bookings(EMAIL)) == 1


def test_pictures_are_gone_when_odoo_is_down(client, odoo):
    odoo.fail("down")
    with pytest.raises(OdooError):
        client.image("fleet.vehicle/1/image_1920/480x360")


def test_a_wrong_date_is_an_error(client, odoo):
    """Today's Odoo and the demo answer 500, where our module says 400. The site's own forms never send one."""
    body = {"vehicle_id": SNOW_BLOWER, "date_from": "soon", "date_to": "later"}
    with pytest.raises(OdooError) as error:
        client.transport.read("availability", "POST", "/api/fleet/availability", json=body)
    assert error.type is odoo.wrong_date


def test_an_odoo_that_is_not_there_is_away():
    nobody = OdooClient(Transport(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(OdooAway):
        nobody.vehicles()
    with pytest.raises(OdooAway):
        nobody.book(booking())
