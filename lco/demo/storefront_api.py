"""The open calls that version 2 adds: version, calendar, busy days and the storefront.

Source: docs/odoo-contract.md, section 4.
"""

from dataclasses import asdict
from datetime import date
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from lco import clock
from lco.demo.access import key_state
from lco.demo.bookings import Stay
from lco.demo.business import Calendar, Hours
from lco.demo.envelope import success
from lco.demo.events import plain
from lco.demo.forms import BusyQuery, CalendarQuery, loaded
from lco.demo.inventory import Inventory

MODULE, MODULE_VERSION, ODOO_VERSION = "lco_demo", "2.0", "demo"


def add_storefront_calls(api: Blueprint, inventory: Inventory) -> None:
    """Add the calls; in version 1 they are unknown, except for /busy where it is set."""

    @api.get("/version")
    def version() -> ResponseReturnValue:
        business = _version_2(inventory)
        return success(
            data={
                "contract": 2,
                "module": MODULE,
                "module_version": MODULE_VERSION,
                "odoo_version": ODOO_VERSION,
                "time": plain(clock.now()),
                "timezone": str(inventory.now().tzinfo),
                "key": key_state(business.api_key),
            }
        )

    @api.get("/calendar")
    def calendar() -> ResponseReturnValue:
        business = _version_2(inventory)
        asked = loaded(CalendarQuery(), request.args.to_dict())
        return success(data=calendar_json(business.calendar, asked.get("start"), asked.get("end")))

    @api.get("/storefront")
    def storefront() -> ResponseReturnValue:
        said = asdict(_version_2(inventory).storefront)
        return success(data={name: plain(value) for name, value in said.items()})

    @api.get("/vehicle/<int:vehicle_id>/busy")
    def busy(vehicle_id: int) -> ResponseReturnValue:
        if not inventory.business.has_busy:
            abort(404)
        asked = loaded(BusyQuery(), request.args.to_dict())
        stays = inventory.busy(inventory.vehicle(vehicle_id), Stay(asked["start"], asked["end"]))
        return success(data=[{"date_from": plain(stay.start), "date_to": plain(stay.end)} for stay in stays])


def calendar_json(calendar: Calendar, start: date | None = None, end: date | None = None) -> dict[str, Any]:
    """The calendar as the API shows it, with the closed days from `start` up to and without `end`."""
    within = Stay(start or date.min, end or date.max)
    closed = sorted(day for day in calendar.closed if within.covers(day))
    return {
        "weekdays": [_hours_json(hours) for hours in calendar.weekdays],
        "closed": [{"date": plain(day), "reason": plain(calendar.closed[day])} for day in closed],
        "cut_off": plain(calendar.cut_off),
        "lead_days": calendar.lead_days,
        "horizon_days": calendar.horizon_days,
    }


def _hours_json(hours: Hours | None) -> dict[str, Any] | None:
    return None if hours is None else {"opens": plain(hours.opens), "closes": plain(hours.closes)}


def _version_2(inventory: Inventory) -> Any:
    """The settings; an unknown call where the contract in force is version 1."""
    if inventory.business.contract == 1:
        abort(404)
    return inventory.business
