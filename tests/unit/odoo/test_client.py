"""One method for each call: what is asked of Odoo, and what comes of its answers."""

from datetime import date
from decimal import Decimal

import pytest

from lco import metrics
from lco.domain.booking import BookingRequest, OdooBooking
from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.errors import OdooError
from lco.odoo.client import PAGE
from lco.odoo.errors import BookingInvalid, DatesRefused, OutcomeUnknown, VehicleUnknown

URL = "http://odoo.test"
LIST = f"{URL}/api/fleet/vehicles"
AVAILABILITY = f"{URL}/api/fleet/availability"
BOOKING = f"{URL}/api/fleet/booking"
DAYS = DateRange(date(2026, 12, 1), date(2026, 12, 5))
REQUEST = BookingRequest(
    vehicle_id=7,
    days=DAYS,
    name="Ada Miller",
    email="ada@example.com",
    phone="+12185550142",
    kind="reservation",
    pickup_location="yard",
    return_location="home",
    message="Thanks",
)


def test_the_whole_list_is_read_page_by_page_however_few_odoo_gives(client, requests_mock):
    requests_mock.get(LIST, json=pages_of(7, at_most=3))
    assert [vehicle.id for vehicle in client.vehicles()] == list(range(1, 8))
    asked = [request.qs for request in requests_mock.request_history]
    assert [query["offset"] for query in asked] == [["0"], ["3"], ["6"]]
    assert {query["limit"][0] for query in asked} == {str(PAGE)}


def test_a_list_in_one_page_costs_one_question(client, requests_mock):
    requests_mock.get(LIST, json=pages_of(7))
    assert len(client.vehicles()) == 7
    assert requests_mock.call_count == 1


def test_an_empty_list_is_an_empty_shop(client, requests_mock):
    requests_mock.get(LIST, json={"success": True, "data": [], "pagination": {"total": 0, "has_more": False}})
    assert client.vehicles() == []


@pytest.mark.parametrize("pagination", [None, {}, {"has_more": None}, {"has_more": False}])
def test_the_list_ends_when_odoo_reports_no_more(client, requests_mock, pagination):
    requests_mock.get(LIST, json={"success": True, "data": [entry(1)], "pagination": pagination})
    assert len(client.vehicles()) == 1


def test_an_odoo_that_reports_more_but_sends_nothing_is_not_read_forever(client, requests_mock):
    empty = {"success": True, "data": [], "pagination": {"has_more": True}}
    more = {"success": True, "data": [entry(1)], "pagination": {"has_more": True}}
    requests_mock.get(LIST, [{"json": more}, {"json": empty}])
    assert len(client.vehicles()) == 1
    assert requests_mock.call_count == 2


def test_a_vehicle_that_stands_on_two_pages_is_one_vehicle(client, requests_mock):
    answers = [page([entry(1), entry(2)], more=True), page([entry(2, name="Renamed"), entry(3)], more=False)]
    requests_mock.get(LIST, [{"json": answer} for answer in answers])
    assert [(v.id, v.name) for v in client.vehicles()] == [(1, "Machine 1"), (2, "Renamed"), (3, "Machine 3")]


def test_only_machines_for_rent_are_listed(client, requests_mock):
    kinds = ("rental", "sale", "both", False)
    requests_mock.get(LIST, json=page([entry(n, listing_type=kind) for n, kind in enumerate(kinds)]))
    assert [vehicle.id for vehicle in client.vehicles()] == [0, 2, 3]


def test_odoo_gets_a_request_for_free_machines_of_the_days(client, requests_mock):
    requests_mock.get(LIST, json=page([entry(1)]))
    assert client.free(DAYS) == {1}
    query = requests_mock.last_request.qs
    assert (query["available_from"], query["available_to"]) == (["2026-12-01"], ["2026-12-05"])


def test_free_vehicles_are_returned_by_id_without_those_only_for_sale(client, requests_mock):
    odd = [None, "text", {"id": "two"}, {}, entry(8, listing_type="sale")]
    requests_mock.get(LIST, json=page([entry(1), *odd, entry(3, name="", rental_price_daily="dear")]))
    assert client.free(DAYS) == {1, 3}


@pytest.mark.parametrize(
    "broken",
    [
        "not an object",
        None,
        {},
        {"id": 2},
        {"id": "two", "name": "x"},
        {"id": 2, "name": ""},
        {"id": 2, "name": False},
        {"id": 2, "name": ["x"]},
        {"id": 2, "name": "  "},
    ],
)
def test_a_broken_record_is_left_out_and_counted_and_the_rest_stays(client, requests_mock, caplog, broken):
    counted = metrics.odoo_calls.labels("vehicles", "broken record")
    before = counted._value.get()
    requests_mock.get(LIST, json=page([entry(1), broken, entry(3)]))
    assert [vehicle.id for vehicle in client.vehicles()] == [1, 3]
    assert counted._value.get() == before + 1
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("data", [None, {}, "x", {"1": {}}])
def test_an_invalid_list_is_an_odoo_error(client, requests_mock, data):
    requests_mock.get(LIST, json={"success": True, "data": data})
    with pytest.raises(OdooError):
        client.vehicles()


def test_a_page_that_fails_fails_the_list(client, requests_mock):
    requests_mock.get(LIST, [{"json": page([entry(1)], more=True)}, {"status_code": 404, "text": "gone"}])
    with pytest.raises(OdooError):
        client.vehicles()


def test_one_vehicle_is_read_by_its_id(client, requests_mock):
    requests_mock.get(f"{URL}/api/fleet/vehicle/7", json={"success": True, "data": entry(7)})
    assert client.vehicle(7).vehicle.name == "Machine 7"


@pytest.mark.parametrize("answer", [{"listing_type": "sale"}, None])
def test_vehicles_for_sale_only_or_absent_are_unknown(client, requests_mock, answer):
    refused = {"success": False, "error": "not_found"}
    requests_mock.get(
        f"{URL}/api/fleet/vehicle/7",
        status_code=200 if answer else 404,
        json={"success": True, "data": entry(7, **answer)} if answer else refused,
    )
    with pytest.raises(VehicleUnknown):
        client.vehicle(7)


@pytest.mark.parametrize("data", [None, [], "x", {"id": 7}])
def test_a_vehicle_that_cannot_be_read_is_an_error_of_odoos(client, requests_mock, data):
    requests_mock.get(f"{URL}/api/fleet/vehicle/7", json={"success": True, "data": data})
    with pytest.raises(OdooError):
        client.vehicle(7)


def test_a_quote_asks_for_half_open_days_and_carries_odoos_price(client, requests_mock):
    requests_mock.post(AVAILABILITY, json=answered(available=True, estimated_price=600.5, currency="CAD"))
    quote = client.quote(7, DAYS)
    assert requests_mock.last_request.json() == {
        "vehicle_id": 7,
        "date_from": "2026-12-01",
        "date_to": "2026-12-05",
    }
    assert (quote.vehicle_id, quote.days, quote.available) == (7, DAYS, True)
    assert quote.total == Money(Decimal("600.5"), "CAD")


@pytest.mark.parametrize(
    "answer",
    [
        {"available": False, "estimated_price": 0},
        {"available": False, "estimated_price": 600},
        {"available": True, "estimated_price": 0},
        {"available": True, "estimated_price": False},
        {"available": True},
    ],
)
def test_a_quote_without_a_price_has_none(client, requests_mock, answer):
    requests_mock.post(AVAILABILITY, json=answered(**answer))
    quote = client.quote(7, DAYS)
    assert (quote.available, quote.total) == (answer["available"], None)


@pytest.mark.parametrize("answer", [{}, {"available": "perhaps"}, {"available": True, "estimated_price": "NaN"}])
def test_a_quote_that_cannot_be_read_is_an_error_of_odoos(client, requests_mock, answer):
    requests_mock.post(AVAILABILITY, json=answered(**answer))
    with pytest.raises(OdooError):
        client.quote(7, DAYS)


class TestCurrencyLeftOut:
    """An answer without a currency, or with an unreadable one, is in the currency of the record."""

    @pytest.fixture(autouse=True)
    def _record_in_euros(self, client, requests_mock):
        requests_mock.get(
            f"{URL}/api/fleet/vehicles", json=page([entry(7, currency="EUR", rental_price_daily=90)])
        )
        client.vehicles()

    @pytest.mark.parametrize("left_out", [{}, {"currency": None}, {"currency": "euros"}, {"currency": "eur"}])
    def test_quote_and_booking_are_in_the_vehicles(self, client, requests_mock, left_out):
        requests_mock.post(AVAILABILITY, json=answered(available=True, estimated_price=600, **left_out))
        requests_mock.post(BOOKING, json=answered(booking_ref="BK-1", estimated_price=600, **left_out))
        assert client.quote(7, DAYS).total == client.book(REQUEST).total == Money(Decimal(600), "EUR")

    @pytest.mark.parametrize("vehicle_id", [7, 8])
    def test_a_record_is_in_the_one_that_it_had_or_the_usual_one(self, client, requests_mock, vehicle_id):
        requests_mock.get(LIST, json=page([entry(vehicle_id, rental_price_daily=90)]))
        (vehicle,) = client.vehicles()
        assert vehicle.rates.daily == Money(Decimal(90), "EUR")
        assert vehicle.currency == "EUR"


def test_a_booking_is_sent_with_the_fields_of_the_contract(client, requests_mock):
    answer = answered(
        booking_ref="BK-20261122-A1B2C3D4", booking_id=3, message="Thanks.", estimated_price=600, currency="USD"
    )
    requests_mock.post(BOOKING, status_code=201, json=answer)
    assert client.book(REQUEST) == OdooBooking("BK-20261122-A1B2C3D4", 3, "Thanks.", Money(Decimal(600), "USD"))
    assert requests_mock.last_request.json() == {
        "vehicle_id": 7,
        "customer_name": "Ada Miller",
        "customer_email": "ada@example.com",
        "customer_phone": "+12185550142",
        "date_from": "2026-12-01",
        "date_to": "2026-12-05",
        "booking_type": "reservation",
        "pickup_location": "yard",
        "return_location": "home",
        "message": "Thanks",
    }


def test_the_key_of_a_booking_goes_to_odoo_in_its_header(client, requests_mock):
    requests_mock.post(BOOKING, status_code=201, json=answered(booking_ref="BK-1"))
    client.book(REQUEST, "k1")
    client.book(REQUEST)
    keys = [request.headers.get("Idempotency-Key") for request in requests_mock.request_history]
    assert keys == ['"k1"', None]
    assert [request.headers["X-API-Key"] for request in requests_mock.request_history] == ["key-1"] * 2


def test_a_booking_without_number_message_or_price_is_still_placed(client, requests_mock):
    requests_mock.post(
        BOOKING, status_code=201, json=answered(booking_ref="BK-1", booking_id=False, message=False)
    )
    assert client.book(REQUEST) == OdooBooking("BK-1", None, "", None)


@pytest.mark.parametrize("reference", [None, "", False, 7, "x" * 101])
def test_a_booking_without_a_usable_reference_has_an_unknown_outcome(client, requests_mock, reference):
    requests_mock.post(BOOKING, status_code=201, json=answered(booking_ref=reference))
    with pytest.raises(OutcomeUnknown):
        client.book(REQUEST)
    assert requests_mock.call_count == 1


@pytest.mark.parametrize(("status", "error"), [(400, BookingInvalid), (404, VehicleUnknown), (409, DatesRefused)])
def test_a_refused_booking_says_why(client, requests_mock, status, error):
    requests_mock.post(BOOKING, status_code=status, json={"success": False, "error": "x", "message": "No."})
    with pytest.raises(error, match="No"):
        client.book(REQUEST)


def test_brands_have_the_ids_that_odoo_gives_them(client, requests_mock):
    filters = {"brands": [{"id": 4, "name": "Stihl"}, {"id": 2, "name": "Honda"}], "price_range": {"min": 1}}
    requests_mock.get(f"{URL}/api/fleet/filters", json=answered(filters=filters))
    assert client.brands() == {4: "Stihl", 2: "Honda"}


@pytest.mark.parametrize("filters", [None, [], {"brands": [{"id": 1}]}])
def test_filters_that_cannot_be_read_are_an_error_of_odoos(client, requests_mock, filters):
    requests_mock.get(f"{URL}/api/fleet/filters", json=answered(filters=filters))
    with pytest.raises(OdooError):
        client.brands()


def test_a_picture_is_asked_for_under_odoos_images(client, requests_mock):
    requests_mock.get(f"{URL}/web/image/fleet.vehicle/7/image_1920/480x360", content=b"x")
    assert client.image("fleet.vehicle/7/image_1920/480x360").content == b"x"


def entry(number: int, **more: object) -> dict[str, object]:
    return {"id": number, "name": f"Machine {number}", "rental_price_daily": 150} | more


def answered(**more: object) -> dict[str, object]:
    return {"success": True, **more}


def page(entries: list[object], *, more: bool = False) -> dict[str, object]:
    return {"success": True, "data": entries, "pagination": {"total": len(entries), "has_more": more}}


def pages_of(total: int, at_most: int = 1000):
    """An Odoo with `total` vehicles that gives `at_most` at a time, with any limit."""

    def answer(request, _context):
        offset, limit = int(request.qs["offset"][0]), min(int(request.qs["limit"][0]), at_most)
        numbers = range(1, total + 1)[offset : offset + limit]
        return page([entry(n) for n in numbers], more=offset + limit < total)

    return answer
