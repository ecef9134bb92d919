"""Webhooks are hints: sent twice, late, wrongly or in any order, they leave the catalogue equal to Odoo."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lco import clock
from lco.catalogue.sync import LIST_MAX_AGE
from lco.domain.money import Money
from lco.domain.vehicle import Rates, Status
from lco.errors import Gone, OdooError
from lco.odoo.errors import VehicleUnknown

IDS = (1, 2, 3)
LATER = LIST_MAX_AGE + timedelta(seconds=1)

ids = st.sampled_from(IDS)
amounts = st.integers(1, 3).map(lambda n: n * 100)
statuses = st.sampled_from([status.value for status in Status if status is not Status.UNKNOWN])
facts = st.one_of(
    st.builds(lambda value: {"availability_status": value}, statuses),
    st.builds(lambda value: {"rental_price_daily": value}, amounts),
    st.builds(lambda value: {"rental_price_weekly": value}, st.none() | amounts),
    st.builds(lambda value: {"listing_type": value}, st.sampled_from(["rental", "sale"])),
    st.builds(lambda value: {"name": value}, st.sampled_from(["One", "Two"])),
)
steps = st.one_of(
    st.tuples(st.just("odoo"), ids, facts),
    st.tuples(st.just("status"), ids, statuses),
    st.tuples(st.just("price"), ids, amounts),
    st.tuples(st.just("maintenance"), ids, st.booleans()),
    st.tuples(st.sampled_from(["added", "removed", "updated", "visit", "list"]), ids, st.none()),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(steps, max_size=15))
def test_in_the_end_the_catalogue_is_as_odoo_has_it(odoo, restarted, settle, steps):
    odoo.reset()
    front = restarted(None)
    front.catalogue.vehicles()
    with ExitStack() as time:
        for step in steps:
            take(step, odoo, front.catalogue, time)
        for vehicle_id in IDS:
            front.catalogue.sync.reread(vehicle_id)
        settle()
        assert shown(front) == truth(front)
        before = front.published()
        time.enter_context(clock.moved(LATER))
        front.catalogue.refresh()
        assert shown(front) == truth(front)
        assert front.published() == before, "a reading without differences publishes nothing"


def take(step, odoo, catalogue, time) -> None:
    what, vehicle_id, value = step
    match what:
        case "odoo":
            odoo.change(vehicle_id, **value)
        case "status":
            catalogue.sync.status_changed(vehicle_id, Status(value), date(2027, 1, 5), {})
        case "price":
            catalogue.sync.price_changed(vehicle_id, Rates(daily=Money(Decimal(value), "USD")))
        case "maintenance":
            catalogue.sync.maintenance_changed(vehicle_id, in_maintenance=value, until=None)
        case "visit":
            visit(catalogue, vehicle_id)
        case "list":
            time.enter_context(clock.moved(LATER))
            catalogue.refresh()
        case method:
            getattr(catalogue.sync, method)(vehicle_id)


def visit(catalogue, vehicle_id) -> None:
    try:
        catalogue.details(vehicle_id)
    except Gone:
        assert vehicle_id not in catalogue.vehicles().by_id


def shown(front):
    """The three vehicles as pages show them; when they are back is known from webhooks alone."""
    vehicles = front.catalogue.vehicles().by_id
    return {id_: replace(vehicles[id_], back_on=None) for id_ in IDS if id_ in vehicles}


def truth(front):
    found = {}
    for vehicle_id in IDS:
        try:
            found[vehicle_id] = front.client.vehicle(vehicle_id).vehicle
        except VehicleUnknown:
            continue
        except OdooError as error:
            raise AssertionError("the demo answers") from error
    return found
