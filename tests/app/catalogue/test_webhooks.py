"""Changes from webhooks: shown at once, read again from Odoo, and right in the end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest

from lco import clock
from lco.catalogue.sync import LIST_MAX_AGE
from lco.domain.date_range import DAY, DateRange
from lco.domain.money import Money
from lco.domain.vehicle import Rates, Status
from lco.errors import Gone, NotFound
from tests.serving import PATIENCE

LATER = LIST_MAX_AGE + timedelta(seconds=1)
BACK = date(2027, 1, 5)
DETAIL = "/api/fleet/vehicle/"
LIST = "/api/fleet/vehicles"


def dollars(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("webhook", "seen"),
    [
        (lambda c: c.sync.status_changed(1, Status.RENTED, BACK, {}), {"status": Status.RENTED, "back_on": BACK}),
        (lambda c: c.sync.status_changed(1, None, BACK, {}), {"status": Status.AVAILABLE, "back_on": None}),
        (
            lambda c: c.sync.status_changed(1, Status.AVAILABLE, BACK, {}),
            {"status": Status.AVAILABLE, "back_on": None},
        ),
        (
            lambda c: c.sync.maintenance_changed(1, in_maintenance=True, until=BACK),
            {"status": Status.MAINTENANCE, "back_on": BACK},
        ),
        (
            lambda c: c.sync.price_changed(1, Rates(daily=dollars(160), weekly=dollars(640))),
            {"rates": Rates(dollars(160), dollars(640))},
        ),
    ],
)
def test_a_webhook_is_shown_before_odoo_has_answered(catalogue, odoo, settle, webhook, seen):
    with odoo.holding(DETAIL) as held:
        webhook(catalogue)
        assert held.arrived.wait(PATIENCE)
        vehicle = catalogue.find(1)
        assert {name: getattr(vehicle, name) for name in seen} == seen
    settle()


def test_a_removed_vehicle_is_gone_before_odoo_has_answered(catalogue, odoo, settle):
    odoo.remove(1)
    with odoo.holding(DETAIL):
        catalogue.sync.removed(1)
        with pytest.raises(Gone):
            catalogue.find(1)
    settle()


def test_a_wrong_webhook_is_corrected_by_odoo_and_both_are_published(catalogue, front, settle):
    catalogue.sync.status_changed(1, Status.RENTED, BACK, {})
    settle()
    assert catalogue.find(1).status is Status.AVAILABLE
    assert front.published() == [("vehicle:1", "availability.changed")] * 2


def test_a_right_webhook_is_published_once(catalogue, front, odoo, settle):
    odoo.change(1, availability_status="rented")
    catalogue.sync.status_changed(1, Status.RENTED, BACK, {})
    settle()
    assert (catalogue.find(1).status, catalogue.find(1).back_on) == (Status.RENTED, BACK)
    assert front.published() == [("vehicle:1", "availability.changed")]


def test_the_day_of_return_lasts_until_the_status_changes(catalogue, odoo, settle):
    odoo.change(1, availability_status="rented")
    catalogue.sync.status_changed(1, Status.RENTED, BACK, {})
    settle()
    with clock.moved(LATER):
        catalogue.refresh()
        assert catalogue.find(1).back_on == BACK
    odoo.change(1, availability_status="reserved")
    with clock.moved(LATER * 2):
        catalogue.refresh()
        assert catalogue.find(1).back_on is None


def test_a_reading_of_the_list_that_began_before_does_not_undo_a_webhook(catalogue, front, odoo, settle):
    with clock.moved(LATER), ThreadPoolExecutor(1) as threads:
        with odoo.holding(LIST) as held:
            reading = threads.submit(catalogue.refresh)
            assert held.arrived.wait(PATIENCE)  # Odoo has answered: the vehicle is available.
            odoo.change(1, availability_status="rented")
            odoo.change(2, listing_type="sale")
            number = odoo.add()
            catalogue.sync.status_changed(1, Status.RENTED, None, {})
            catalogue.sync.removed(2)
            catalogue.sync.added(number)
            settle()
        reading.result(PATIENCE)
        assert catalogue.find(1).status is Status.RENTED
        with pytest.raises(Gone):
            catalogue.find(2)
        assert catalogue.find(number).name == "New"
    assert front.published() == [
        ("vehicle:1", "availability.changed"),
        ("vehicle:2", "vehicle.removed"),
        (f"vehicle:{number}", "vehicle.added"),
        ("catalogue", "catalogue.grew"),
    ]


def test_a_reading_of_the_vehicle_that_began_before_does_not_undo_a_webhook(catalogue, front, odoo, settle):
    with ThreadPoolExecutor(1) as threads:
        with odoo.holding(DETAIL) as held:
            reading = threads.submit(catalogue.details, 1)
            assert held.arrived.wait(PATIENCE)
            odoo.change(1, availability_status="rented")
            catalogue.sync.status_changed(1, Status.RENTED, None, {})
        reading.result(PATIENCE)
        assert catalogue.find(1).status is Status.RENTED
    settle()
    assert catalogue.find(1).status is Status.RENTED
    assert front.published() == [("vehicle:1", "availability.changed")]


def test_a_webhooks_status_stays_when_odoo_fails(catalogue, odoo, settle):
    odoo.fail()
    catalogue.sync.status_changed(1, Status.RENTED, BACK, {})
    settle()
    assert catalogue.find(1).status is Status.RENTED


def test_a_rate_missing_from_the_webhook_stays_unchanged(catalogue, odoo, settle):
    catalogue.details(1)
    odoo.fail()
    catalogue.sync.price_changed(1, Rates(weekly=dollars(640)))
    settle()
    assert catalogue.find(1).rates == Rates(dollars(150), dollars(640), dollars(1800))


def test_after_maintenance_a_machine_is_available_unless_odoo_differs(catalogue, odoo, settle):
    odoo.change(1, availability_status="reserved")
    catalogue.sync.maintenance_changed(1, in_maintenance=True, until=BACK)
    catalogue.sync.maintenance_changed(1, in_maintenance=False, until=BACK)
    settle()
    assert (catalogue.find(1).status, catalogue.find(1).back_on) == (Status.RESERVED, None)


def test_an_update_is_shown_and_published_once_odoo_has_returned_the_vehicle(catalogue, front, odoo, settle):
    odoo.change(1, name="Renamed", rental_price_daily=160)
    catalogue.sync.updated(1)
    settle()
    assert (catalogue.find(1).name, catalogue.find(1).rates.daily) == ("Renamed", dollars(160))
    assert front.published() == [("vehicle:1", "price.updated"), ("vehicle:1", "vehicle.updated")]


def test_an_update_of_a_field_missing_from_the_list_is_published(catalogue, front, odoo, settle):
    catalogue.details(1)
    odoo.change(1, rental_terms="<p>New terms</p>")
    catalogue.sync.updated(1)
    settle()
    assert catalogue.details(1).terms_html == "<p>New terms</p>"
    assert front.published() == [("vehicle:1", "vehicle.updated")]


def test_an_added_vehicle_is_shown_and_published_with_its_data(catalogue, front, odoo, settle):
    seen = front.changes.head()
    number = odoo.add(name="Log Splitter", category="Power Tools")
    catalogue.sync.added(number)
    settle()
    assert catalogue.vehicles().vehicles[-1].name == "Log Splitter"
    assert catalogue.added_since(seen) == 1
    added, grew = front.changes.since(seen)
    assert (added.kind, added.data["vehicle_name"], added.data["category"]) == (
        "vehicle.added",
        "Log Splitter",
        "Power Tools",
    )
    assert (grew.topic, grew.data) == ("catalogue", {"vehicle_id": number})


def test_a_vehicle_with_two_added_webhooks_is_added_once(catalogue, front, odoo, settle):
    number = odoo.add()
    catalogue.sync.added(number)
    catalogue.sync.added(number)
    settle()
    assert [kind for _, kind in front.published()] == ["vehicle.added", "catalogue.grew"]
    assert [v.id for v in catalogue.vehicles().vehicles].count(number) == 1


def test_events_after_a_removal_do_not_bring_a_machine_back(catalogue, odoo, settle):
    odoo.remove(1)
    catalogue.sync.removed(1)
    catalogue.sync.removed(1)
    catalogue.sync.price_changed(1, Rates(daily=dollars(160)))
    catalogue.sync.status_changed(1, Status.AVAILABLE, None, {})
    catalogue.sync.updated(1)
    settle()
    with pytest.raises(Gone):
        catalogue.find(1)
    with clock.moved(LATER):
        catalogue.refresh()
        with pytest.raises(Gone):
            catalogue.find(1)


def test_a_wrong_removal_is_reverted(catalogue, front, settle):
    catalogue.sync.removed(1)
    settle()
    assert catalogue.find(1).name == "Professional Snow Blower"
    assert [kind for _, kind in front.published()] == ["vehicle.removed", "vehicle.added", "catalogue.grew"]


def test_a_machine_for_rent_again_is_found_again(catalogue, odoo, settle):
    odoo.change(1, listing_type="sale")
    catalogue.sync.removed(1)
    settle()
    with pytest.raises(Gone):
        catalogue.details(1)
    odoo.change(1, listing_type="rental")
    catalogue.sync.added(1)
    settle()
    assert catalogue.details(1).vehicle == catalogue.find(1)


def test_an_event_of_an_unknown_vehicle_is_published_and_changes_nothing(catalogue, front, settle):
    before = catalogue.vehicles()
    catalogue.sync.price_changed(999, Rates(daily=dollars(1)))
    catalogue.sync.removed(999)
    catalogue.sync.added(999)
    settle()
    assert catalogue.vehicles() == before
    with pytest.raises(NotFound):
        catalogue.find(999)
    assert [(c.kind, c.data) for c in front.changes.since(front.began)] == [
        ("price.updated", {"vehicle_id": 999}),
        ("vehicle.removed", {"vehicle_id": 999}),
    ]


def test_events_before_the_first_reading_change_nothing(front, settle):
    front.catalogue.sync.status_changed(1, Status.RENTED, None, {})
    front.catalogue.sync.updated(2)
    settle()
    assert front.catalogue.find(1).status is Status.AVAILABLE
    assert len(front.catalogue.vehicles().vehicles) == 15


def test_the_public_entry_has_public_fields_and_those_of_the_webhook(catalogue, front, odoo, settle):
    odoo.change(1, availability_status="rented")
    catalogue.sync.status_changed(1, Status.RENTED, BACK, {"available_to": "2027-02-01"})
    settle()
    change, *_ = front.changes.since(front.began)
    assert change.data == {
        "vehicle_id": 1,
        "vehicle_name": "Professional Snow Blower",
        "category": "Snow Removal",
        "availability_status": "rented",
        "available_from": "2027-01-05",
        "available_to": "2027-02-01",
        "rental_price_daily": 150.0,
        "currency": "USD",
    }


def test_an_event_about_a_vehicle_invalidates_its_quotes_and_lists_of_free_ones(catalogue, front, odoo, settle):
    far = clock.now().date() + timedelta(days=60)
    days = DateRange(far, far + DAY)
    assert 1 in catalogue.free(days)
    assert front.availability.quote(1, days).available
    odoo.change(1, in_maintenance=True)
    catalogue.sync.maintenance_changed(1, in_maintenance=True, until=None)
    assert 1 not in catalogue.free(days)
    assert not front.availability.quote(1, days).available
    settle()


def test_an_event_about_a_vehicle_does_not_invalidate_the_quotes_of_others(catalogue, odoo, settle):
    for vehicle_id in (1, 10, 11):
        catalogue.details(vehicle_id)
    before = odoo.calls(f"GET {DETAIL}{{id}}")
    catalogue.sync.updated(1)
    settle()
    for vehicle_id in (1, 10, 11):
        catalogue.details(vehicle_id)
    assert odoo.calls(f"GET {DETAIL}{{id}}") == before + 1


@pytest.mark.parametrize(
    "send_event",
    [
        lambda c: c.sync.updated(1),
        lambda c: c.sync.added(1),
        lambda c: c.sync.price_changed(1, Rates(daily=dollars(160))),
    ],
)
def test_many_events_about_a_vehicle_read_it_from_odoo_at_most_twice(catalogue, odoo, settle, send_event):
    catalogue.details(1)
    catalogue.sync.pause = timedelta(seconds=1)
    before = odoo.calls(f"GET {DETAIL}{{id}}")
    for _ in range(30):
        send_event(catalogue)
    odoo.change(1, name="Renamed")
    send_event(catalogue)
    settle()
    assert odoo.calls(f"GET {DETAIL}{{id}}") <= before + 2
    assert catalogue.find(1).name == "Renamed"
