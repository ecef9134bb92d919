"""The catalogue reading Odoo: its vehicles, their maximum age, and the published differences."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from lco import clock
from lco.catalogue.sync import LIST_MAX_AGE
from lco.domain.date_range import DAY, DateRange
from lco.domain.money import Money
from lco.domain.vehicle import Rates, Status
from lco.errors import Gone, NotFound, OdooError
from tests.serving import wait_until

LATER = LIST_MAX_AGE + timedelta(seconds=1)
LIST = "GET /api/fleet/vehicles"


def dollars(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


def test_one_reading_of_the_list_serves_for_a_minute(front, odoo):
    ids = [vehicle.id for vehicle in front.catalogue.vehicles().vehicles]
    assert ids == list(range(1, 16))
    for vehicle_id in ids:
        assert front.catalogue.find(vehicle_id).id == vehicle_id
    assert odoo.calls(LIST) == 1


def test_while_nothing_changes_the_snapshot_is_the_same_object(catalogue):
    assert catalogue.vehicles() is catalogue.vehicles()


def test_a_vehicle_that_never_was_is_not_found(catalogue):
    with pytest.raises(NotFound):
        catalogue.find(999)
    with pytest.raises(NotFound):
        catalogue.details(999)


def test_details_include_the_fields_of_the_detail_response(catalogue):
    details = catalogue.details(1)
    assert details.vehicle == catalogue.find(1)
    assert details.vehicle.rates == Rates(dollars(150), dollars(600), dollars(1800))
    assert details.pictures


def test_details_carry_the_status_that_the_list_shows(catalogue, odoo):
    catalogue.details(1)
    odoo.change(1, availability_status="rented")
    with clock.moved(LATER):
        catalogue.refresh()
        assert catalogue.details(1).vehicle.status is Status.RENTED


def test_a_vehicle_whose_details_are_404_is_gone(catalogue, front, odoo):
    odoo.remove(1)
    with pytest.raises(Gone):
        catalogue.details(1)
    assert 1 not in catalogue.vehicles().by_id
    assert front.published() == [("vehicle:1", "vehicle.removed")]


def test_free_vehicles_are_those_odoo_lists_and_are_read_once(catalogue, odoo):
    far = clock.now().date() + timedelta(days=60)
    days = DateRange(far, far + DAY)
    odoo.change(3, in_maintenance=True)
    assert catalogue.free(days) == set(range(1, 16)) - {3}
    before = odoo.calls(LIST)
    catalogue.free(days)
    assert odoo.calls(LIST) == before


def test_brands_have_the_names_of_odoo(catalogue):
    assert "Honda" in catalogue.brands().values()


def test_with_nothing_known_and_no_odoo_there_is_nothing_to_show(front, odoo):
    odoo.fail()
    with pytest.raises(OdooError):
        front.catalogue.vehicles()
    assert front.catalogue.stale_since() is None
    assert not front.catalogue.is_available


def test_without_odoo_the_old_list_is_shown_with_its_age(catalogue, front, odoo):
    before = clock.now()
    assert (catalogue.stale_since(), catalogue.is_available) == (None, True)
    odoo.fail()
    with clock.moved(LATER):
        for _ in range(3):
            catalogue.refresh()
        assert len(catalogue.vehicles().vehicles) == 15
        assert not catalogue.is_available
        assert catalogue.stale_since() <= before
        odoo.recover()
    with clock.moved(LATER * 2):
        catalogue.refresh()
        assert (catalogue.stale_since(), catalogue.is_available) == (None, True)
    assert front.published() == [("odoo", "odoo.away"), ("odoo", "odoo.back")]


def test_after_three_days_without_odoo_the_old_list_is_still_shown(catalogue, odoo):
    odoo.fail()
    with clock.moved(timedelta(days=3)):
        catalogue.refresh()
        assert len(catalogue.vehicles().vehicles) == 15
        assert catalogue.stale_since()


def test_after_a_day_without_odoo_free_vehicles_of_a_range_are_not_known(catalogue, odoo):
    days = DateRange(date(2030, 1, 1), date(2030, 1, 3))
    catalogue.free(days)
    odoo.fail()
    with clock.moved(timedelta(days=1, minutes=1)), pytest.raises(OdooError):
        catalogue.free(days)


def test_a_later_version_of_the_site_reads_the_cache_of_an_earlier_one(restarted, odoo, backend):
    first = restarted(backend).catalogue
    first.vehicles()
    known = first.details(1)
    for key in ("vehicles", "vehicle:1:details"):
        record = json.loads(backend.content[key])
        for vehicle in record["value"] if key == "vehicles" else [record["value"]["vehicle"]]:
            vehicle["wings"] = 2
            del vehicle["doors"]
        backend.content[key] = json.dumps(record)
    odoo.fail()
    second = restarted(backend).catalogue
    assert len(second.vehicles().vehicles) == 15
    assert second.details(1) == replace(known, vehicle=replace(known.vehicle, doors=None))


def test_a_failed_refresh_is_logged_and_changes_nothing(front, odoo, caplog):
    odoo.fail()
    front.catalogue.refresh()
    assert "the catalogue could not be read" in caplog.text


def test_a_refresh_within_the_minute_asks_nothing(catalogue, odoo):
    catalogue.refresh()
    assert odoo.calls(LIST) == 1


def test_an_old_list_starts_one_reading(catalogue, odoo):
    odoo.change(1, name="Renamed")
    with clock.moved(LATER):
        assert catalogue.find(1).name == "Professional Snow Blower"
        wait_until(lambda: catalogue.find(1).name == "Renamed", "the new name")
    assert odoo.calls(LIST) == 2


def test_the_first_reading_publishes_nothing(catalogue, front):
    assert front.published() == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"availability_status": "rented"}, "availability.changed"),
        ({"in_maintenance": True}, "maintenance.status"),
        ({"rental_price_daily": 160}, "price.updated"),
        ({"name": "Renamed"}, "vehicle.updated"),
        ({"listing_type": "sale"}, "vehicle.removed"),
    ],
)
def test_a_change_without_a_webhook_is_published_after_the_next_reading(catalogue, front, odoo, change, kind):
    odoo.change(1, **change)
    with clock.moved(LATER):
        catalogue.refresh()
    assert front.published() == [("vehicle:1", kind)]


def test_a_vehicle_without_a_webhook_is_added_by_the_next_reading(catalogue, front, odoo):
    number = odoo.add()
    with clock.moved(LATER):
        catalogue.refresh()
        assert catalogue.find(number).name == "New"
    assert front.published() == [(f"vehicle:{number}", "vehicle.added"), ("catalogue", "catalogue.grew")]


def test_vehicles_added_since_a_page_was_made_are_counted(catalogue, front, odoo):
    seen = front.changes.head()
    first, second = odoo.add(), odoo.add()
    with clock.moved(LATER):
        catalogue.refresh()
        assert catalogue.added_since(seen) == 2
        assert catalogue.added_since(front.changes.head()) == 0
        odoo.remove(first)
    with clock.moved(LATER * 2):
        catalogue.refresh()
        assert catalogue.added_since(seen) == 1
        assert second in catalogue.vehicles().by_id


def test_longer_rates_are_corrected_and_outlast_readings_of_the_list(catalogue, front):
    assert catalogue.find(1).rates == Rates(daily=dollars(150))
    catalogue.details(1)
    catalogue.details(1)
    assert catalogue.find(1).rates == Rates(dollars(150), dollars(600), dollars(1800))
    for n in (1, 2):
        with clock.moved(LATER * n):
            catalogue.refresh()
            assert catalogue.find(1).rates == Rates(dollars(150), dollars(600), dollars(1800))
    assert (front.published(), front.corrected()) == ([], ["vehicle:1"])


def test_a_weekly_or_monthly_rate_that_changed_is_published_when_the_vehicle_is_read(catalogue, front, odoo):
    catalogue.details(1)
    odoo.change(1, rental_price_weekly=650, rental_price_monthly=None)
    with clock.moved(LATER):
        catalogue.details(1)
        expected = Rates(dollars(150), dollars(650))
        wait_until(lambda: catalogue.find(1).rates == expected, "the new rates")
    assert front.published() == [("vehicle:1", "price.updated")]


def test_a_vehicle_removed_before_a_start_is_gone_after_it(restarted, odoo, backend):
    restarted(backend).catalogue.vehicles()
    odoo.remove(2)
    second = restarted(backend)
    with clock.moved(LATER):
        second.catalogue.refresh()
        with pytest.raises(Gone):
            second.catalogue.find(2)
    assert second.published() == [("vehicle:2", "vehicle.removed")]
    with pytest.raises(Gone):
        restarted(backend).catalogue.find(2)


def test_the_first_refresh_of_a_process_asks_odoo(restarted, odoo, backend):
    restarted(backend).catalogue.vehicles()
    odoo.change(1, name="Renamed")
    second = restarted(backend)
    for _ in range(2):
        second.catalogue.refresh()
    assert second.catalogue.find(1).name == "Renamed"
    assert second.published() == [("vehicle:1", "vehicle.updated")]
    assert odoo.calls(LIST) == 2


def test_a_restart_while_odoo_is_away_shows_the_cached_list(restarted, odoo, backend):
    first = restarted(backend).catalogue
    first.vehicles()
    first.details(1)
    odoo.fail()
    second = restarted(backend).catalogue
    assert len(second.vehicles().vehicles) == 15
    assert second.details(1).pictures
