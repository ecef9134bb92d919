"""Staff at a real Odoo, for the tests of version 2 of the contract: what they do goes through Odoo's own calls."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lco import clock
from tests.contract.version_2 import KEY, Odoo2, receiving
from tests.odoo import postgres_cluster
from tests.odoo.odoo_server import BOOKING, VEHICLE, RealOdoo, real_odoo

RENTED, IN_MAINTENANCE = 6, 11
STOREFRONT, OPENING, CLOSED = "fleet.rental.storefront", "fleet.rental.opening", "fleet.rental.closed.day"
CALENDAR = {"cut_off": False, "lead_days": 0, "horizon_days": 730, "change_hours": 24}
STEPS_TO_THE_END = {"draft": ["cancel"], "confirmed": ["cancel"], "picked_up": ["return"]}
KEPT = (
    "rental_price_daily",
    "listing_type",
    "rental_state",
    "maintenance_until",
    "rental_published",
    "rental_buffer_days",
)


class RealStaff:
    """The records of the start are those that Odoo has when this is made."""

    def __init__(self, odoo: RealOdoo) -> None:
        self._odoo = odoo
        self._bookings = odoo.call(BOOKING, "search", domain=[])
        self._vehicles = odoo.call(VEHICLE, "search_read", domain=[], fields=list(KEPT))
        (self._storefront,) = odoo.call(
            STOREFRONT, "search_read", domain=[], fields=["name", "tagline", "accent", "city"]
        )

    def begin(self) -> None:
        self._end_bookings()
        for start in self._vehicles:
            (now,) = self._odoo.call(VEHICLE, "read", [start["id"]], fields=list(KEPT))
            if now != start:
                self._odoo.change(start["id"], **{name: start[name] for name in KEPT})
        shop = {name: value for name, value in self._storefront.items() if name != "id"}
        self._odoo.call(STOREFRONT, "write", [self._storefront["id"]], vals={**shop, **CALENDAR})
        self._open_all_days()
        self.set_key(KEY)
        self.limit_writes(1_000_000)
        postgres_cluster.sql("DELETE FROM fleet_rental_attempt", self._odoo.database)

    def set_key(self, key: str) -> None:
        self._odoo.set_parameter("api_key", key)

    def limit_writes(self, a_minute: int) -> None:
        self._odoo.set_parameter("anonymous_limit", str(a_minute))

    def set_calendar(self, **values: Any) -> None:
        closed = values.pop("closed", {})
        changes = {name: value if value is not None else False for name, value in values.items()}
        if closed:
            changes["closed_day_ids"] = [
                (0, 0, {"date": str(day), "reason": reason}) for day, reason in closed.items()
            ]
        self._odoo.call(STOREFRONT, "write", [self._storefront["id"]], vals=changes)

    def set_day_off(self, weekday: int) -> None:
        found = self._odoo.call(OPENING, "search", domain=[["weekday", "=", str(weekday)]])
        self._odoo.call(OPENING, "unlink", found)

    def set_change_hours(self, hours: int) -> None:
        self.set_calendar(change_hours=hours)

    def set_storefront(self, **values: str) -> None:
        self._odoo.call(STOREFRONT, "write", [self._storefront["id"]], vals=values)

    def change_vehicle(self, vehicle_id: int, **values: Any) -> None:
        if "buffer_days" in values:
            values["rental_buffer_days"] = values.pop("buffer_days")
        if "in_maintenance" in values:
            values["rental_state"] = "maintenance" if values.pop("in_maintenance") else "in_service"
        self._odoo.change(vehicle_id, **values)

    def retire(self, vehicle_id: int) -> None:
        self._odoo.call(VEHICLE, "action_unpublish", [vehicle_id])

    def revise(self, booking_ref: str, **terms: object) -> None:
        self._odoo.call(BOOKING, "write", [self._odoo.booking_id(booking_ref)], vals=terms)

    def confirm(self, booking_ref: str) -> None:
        self._odoo.click("confirm", booking_ref)

    def pick_up(self, booking_ref: str) -> None:
        self._odoo.click("pick_up", booking_ref)

    def take_back(self, booking_ref: str) -> None:
        self._odoo.click("return", booking_ref)

    def cancel(self, booking_ref: str, reason: str) -> None:
        self._odoo.call(BOOKING, "action_cancel", [self._odoo.booking_id(booking_ref)], reason=reason)

    def delete(self, booking_ref: str) -> None:
        self._odoo.call(BOOKING, "unlink", [self._odoo.booking_id(booking_ref)])

    def restore_database(self) -> None:
        """A copy of the database takes its place, as after a backup was played back."""
        self._odoo.server.stop()
        name, backup = self._odoo.database, f"{self._odoo.database}_backup"
        postgres_cluster.clone(name, backup)
        postgres_cluster.drop(name)
        postgres_cluster.sql(f'ALTER DATABASE "{backup}" RENAME TO "{name}"')
        self._odoo.server.start()

    def _end_bookings(self) -> None:
        made = self._odoo.call(BOOKING, "search_read", domain=[["id", "not in", self._bookings]], fields=["state"])
        for booking in made:
            for step in STEPS_TO_THE_END.get(booking["state"], []):
                self._odoo.call(BOOKING, f"action_{step}", [booking["id"]])
        self._odoo.call(BOOKING, "unlink", [booking["id"] for booking in made])

    def _open_all_days(self) -> None:
        self._odoo.call(CLOSED, "unlink", self._odoo.call(CLOSED, "search", domain=[]))
        opened = self._odoo.call(OPENING, "search_read", domain=[], fields=["weekday"])
        missing = {str(weekday) for weekday in range(7)} - {opening["weekday"] for opening in opened}
        line = {"storefront_id": self._storefront["id"]}
        self._odoo.call(OPENING, "create", vals_list=[{**line, "weekday": weekday} for weekday in sorted(missing)])


@contextmanager
def real_odoo_2() -> Iterator[Odoo2]:
    """A real Odoo with the start of the demo: one machine rented out, one in maintenance. Raises NoOdoo."""
    with real_odoo() as odoo, receiving() as receiver:
        today = clock.today(ZoneInfo("America/Chicago"))
        odoo.rent_out(RENTED, today - timedelta(days=2), today + timedelta(days=4))
        odoo.change(IN_MAINTENANCE, rental_state="maintenance", maintenance_until=str(today + timedelta(days=6)))
        odoo.send_webhooks_to(receiver.url)
        yield Odoo2(odoo.url, RealStaff(odoo), receiver)
