"""One method for each call of Odoo's REST API (docs/odoo-contract.md, section 1), with domain objects."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple
from urllib.parse import quote as quoted

from marshmallow import ValidationError

from lco import metrics
from lco.domain.booking import BookingEvent, BookingRequest, OdooBooking
from lco.domain.business_calendar import BusinessCalendar
from lco.domain.change import ChangeQuote
from lco.domain.date_range import DateRange
from lco.domain.money import DEFAULT_CURRENCY
from lco.domain.quote import Quote
from lco.domain.storefront import Storefront
from lco.domain.vehicle import Details, Vehicle
from lco.errors import OdooError
from lco.odoo import bookings, schemas
from lco.odoo.bookings import BookingsPage, ChangesPage
from lco.odoo.errors import CallUnknown, OutcomeUnknown, VehicleUnknown
from lco.odoo.transport import Response, Transport, key_header

log = logging.getLogger(__name__)

PAGE = 500
CHANGES_PAGE = 100
"""Each row may cost another call, and the cursor is stored page by page."""
MOST_VEHICLES = 50_000
RENTED_OUT = {"rental", "both"}
LISTED = schemas.VehicleSchema()
FREE = schemas.VehicleSchema(only=("id", "listing_type"))


class Listing(NamedTuple):
    """Odoo's list: the vehicles for rent, and the ids of records that cannot be read."""

    vehicles: tuple[Vehicle, ...] = ()
    unreadable: frozenset[int] = frozenset()


class OdooClient:
    """The Odoo that `transport` reaches. Every method raises OdooUnavailable or OdooError when Odoo is no help."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._currencies: dict[int, str] = {}
        """The currency of each vehicle that was read, for answers that leave it out."""

    def vehicles(self) -> list[Vehicle]:
        """Return all vehicles for rent."""
        return list(self.listing().vehicles)

    def free(self, days: DateRange) -> frozenset[int]:
        """Return the ids of what Odoo lists as free in all of `days`. Little of each record is read."""
        dates = {"available_from": days.start.isoformat(), "available_to": days.end.isoformat()}
        return frozenset(chain.from_iterable(map(_ids_for_rent, self._pages(dates))))

    def listing(self) -> Listing:
        """Return the same as `vehicles`, and the ids of the records that cannot be read."""
        # By id, because one that moves in Odoo's order while it is read stands on two pages.
        vehicles: dict[int, Vehicle] = {}
        unreadable: set[int] = set()
        for page in self._pages({}):
            for entry in page:
                try:
                    vehicle = self._listed(entry)
                except ValidationError as error:
                    unreadable |= _unreadable(entry, error)
                    continue
                if vehicle:
                    vehicles[vehicle.id] = vehicle
        return Listing(tuple(vehicles.values()), frozenset(unreadable))

    def vehicle(self, vehicle_id: int) -> Details:
        """Everything about one vehicle. Raises VehicleUnknown, also for one that is only for sale."""
        answer = self.transport.read("vehicle", "GET", f"/api/fleet/vehicle/{vehicle_id}")
        try:
            data = schemas.load_lenient(schemas.DetailsSchema(), answer.get("data"))
        except ValidationError as error:
            metrics.odoo_calls.labels("vehicle", "broken record").inc()
            log.warning("vehicle %d of odoo's cannot be read: %s", vehicle_id, error.messages)
            raise OdooError from error
        if data["listing_type"] not in RENTED_OUT:
            raise VehicleUnknown(upstream_status=404)
        return schemas.to_details(self._with_own_currency(data), self.transport.base_url)

    def quote(self, vehicle_id: int, days: DateRange) -> Quote:
        """Whether the vehicle is free in all of `days`, and Odoo's price. Raises VehicleUnknown."""
        body = {"vehicle_id": vehicle_id, **_days(days)}
        answer = self.transport.read("availability", "POST", "/api/fleet/availability", json=body)
        loaded = self._with_currency(schemas.load(schemas.AvailabilitySchema(), answer), vehicle_id)
        return schemas.to_quote(loaded, vehicle_id, days)

    def busy(self, vehicle_id: int, days: DateRange) -> tuple[DateRange, ...]:
        """The ranges of days on which the vehicle cannot be had for a day, in one answer; those in `days` count.

        The contract does not have this call, newer modules do. Raises CallUnknown for an Odoo that does not, or
        that means something else by it; and VehicleUnknown.
        """
        path = f"/api/fleet/vehicle/{vehicle_id}/busy"
        asked = {"from": days.start.isoformat(), "to": days.end.isoformat()}
        answer = self.transport.read("busy", "GET", path, optional=True, params=asked)
        try:
            return schemas.to_busy_ranges(schemas.load(schemas.BusySchema(), answer))
        except OdooError as error:
            raise CallUnknown(upstream_status=200) from error

    def calendar(self) -> BusinessCalendar:
        """Return the business's calendar (docs/odoo-contract.md, section 4.2). Raises CallUnknown in version 1."""
        try:
            answer = self.transport.read("calendar", "GET", "/api/fleet/calendar", optional=True)
            return schemas.to_calendar(schemas.load(schemas.CalendarSchema(), answer.get("data")))
        except VehicleUnknown as error:  # the call names no vehicle, so this 404 is one for every unknown address
            raise CallUnknown(upstream_status=404) from error

    def storefront(self) -> Storefront:
        """Return the business as Odoo presents it (docs/odoo-contract.md, section 4.6).

        Raises CallUnknown in version 1.
        """
        try:
            answer = self.transport.read("storefront", "GET", "/api/fleet/storefront", optional=True)
        except VehicleUnknown as error:  # the call names no vehicle
            raise CallUnknown(upstream_status=404) from error
        try:
            data = schemas.load_lenient(schemas.StorefrontSchema(), answer.get("data"))
        except ValidationError as error:
            raise OdooError from error
        return schemas.to_storefront(data, self.transport.base_url)

    def book(self, request: BookingRequest, key: str = "") -> OdooBooking:
        """Odoo's answer to a booking asked for once, never twice.

        To an Odoo that knows `Idempotency-Key`, every attempt with the same `key` is the same booking. The site
        must not count on it, since the contract does not promise it.

        Raises OdooUnavailable when nothing was booked, OutcomeUnknown when the outcome is not known, and
        DatesRefused, BookingInvalid or VehicleUnknown when Odoo refused.
        """
        answer = self.transport.write("booking", "/api/fleet/booking", _booking_body(request), key)
        try:
            loaded = schemas.load(schemas.OdooBookingSchema(), answer)
        except OdooError as error:
            raise OutcomeUnknown from error
        return schemas.to_booking(self._with_currency(loaded, request.vehicle_id))

    def contract(self) -> int:
        """The version of the contract that Odoo speaks (docs/odoo-contract.md, section 4.1): 1 or 2."""
        try:
            answer = self.transport.read("version", "GET", "/api/fleet/version", optional=True)
        except (CallUnknown, VehicleUnknown):
            return 1
        return int(schemas.load(bookings.VersionSchema(), answer.get("data"))["contract"])

    def booking(self, reference: str) -> BookingEvent:
        """The booking as Odoo has it now. Raises VehicleUnknown for an unknown one and RecordDeleted."""
        answer = self.transport.read("booking read", "GET", _booking_path(reference))
        return bookings.to_event(schemas.load(bookings.BookingSchema(), answer.get("data")))

    def quote_change(self, reference: str, vehicle_id: int, days: DateRange) -> ChangeQuote:
        """The price of the booking with other days. Raises VehicleUnknown and RecordDeleted for the booking."""
        path = _booking_path(reference, "quote")
        answer = self.transport.read("change quote", "POST", path, json=_days(days))
        loaded = schemas.load(bookings.ChangeQuoteSchema(), answer.get("data"))
        return bookings.to_change_quote(self._with_currency(loaded, vehicle_id), vehicle_id, days)

    def change_booking(self, reference: str, days: DateRange, version: int, key: str) -> BookingEvent:
        """Give the booking other days, once for each `key`. Returns it as it is then.

        Raises OdooUnavailable when nothing was changed, OutcomeUnknown when that is not known, and DatesRefused,
        BookingMoved, ChangeTooLate or another OdooRefused when Odoo refused.
        """
        body = {**_days(days), "version": version}
        return self._changed(self.transport.write("change", _booking_path(reference, "change"), body, key))

    def cancel_booking(self, reference: str, reason: str, version: int, key: str) -> BookingEvent:
        """Cancel the booking, once for each `key`. Returns and raises the same as `change_booking`."""
        body = {"reason": reason, "version": version}
        return self._changed(self.transport.write("cancel", _booking_path(reference, "cancel"), body, key))

    def booking_by_key(self, key: str) -> BookingEvent | None:
        """The booking that was made with this idempotency key. None is final: Odoo has not made it."""
        asked = {"idempotency_key": key_header(key)}  # Odoo compares the text of the header
        try:
            answer = self.transport.read("booking by key", "GET", "/api/fleet/booking", params=asked)
        except VehicleUnknown:
            return None
        return bookings.to_event(schemas.load(bookings.BookingSchema(), answer.get("data")))

    def changes(self, after: str | None) -> ChangesPage:
        """The changes of bookings behind the cursor `after`; without it none, and the newest cursor.

        Raises RecordDeleted when the cursor has expired: all bookings have to be read then.
        """
        asked = {"limit": str(CHANGES_PAGE), **({"after": after} if after else {})}
        answer = self.transport.read("changes", "GET", "/api/fleet/changes", params=asked)
        return bookings.to_changes(schemas.load(bookings.ChangesSchema(), answer))

    def bookings(self, after_id: int) -> BookingsPage:
        """All bookings behind the number `after_id`, a page of them."""
        asked = {"after_id": str(after_id), "limit": str(PAGE)}
        answer = self.transport.read("bookings", "GET", "/api/fleet/bookings", params=asked)
        return bookings.to_bookings(schemas.load(bookings.BookingsSchema(), answer))

    def brands(self) -> dict[int, str]:
        """Odoo's brands by their id."""
        answer = self.transport.read("filters", "GET", "/api/fleet/filters")
        brands = schemas.load(schemas.FiltersSchema(), answer.get("filters"))["brands"]
        return {brand["id"]: brand["name"] for brand in brands}

    def image(self, path: str) -> Response:
        """A picture under Odoo's /web/image/. Raises VehicleUnknown when there is none."""
        return self.transport.fetch(schemas.IMAGES + quoted(path))

    @staticmethod
    def _changed(answer: Mapping[str, Any]) -> BookingEvent:
        try:
            return bookings.to_event(schemas.load(bookings.BookingSchema(), answer.get("data")))
        except OdooError as error:
            raise OutcomeUnknown from error

    def _pages(self, filters: Mapping[str, str]) -> Iterator[list[Any]]:
        offset = 0
        while offset < MOST_VEHICLES:
            parameters = {**filters, "limit": str(PAGE), "offset": str(offset)}
            answer = self.transport.read("vehicles", "GET", "/api/fleet/vehicles", params=parameters)
            page = answer.get("data")
            if not isinstance(page, list):
                raise OdooError
            yield page
            if (
                not page
                or not schemas.load(schemas.PaginationSchema(), answer.get("pagination") or {})["has_more"]
            ):
                return
            offset += len(page)  # not PAGE: Odoo may give fewer than it was asked for

    def _listed(self, entry: object) -> Vehicle | None:
        """Return the vehicle in one entry of a list. Returns None for one not for rent. Raises ValidationError."""
        data = schemas.load_lenient(LISTED, entry)
        if data["listing_type"] not in RENTED_OUT:
            return None
        return schemas.to_vehicle(self._with_own_currency(data), self.transport.base_url)

    def _with_own_currency(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record `data` in its currency, which is kept for answers without one."""
        completed = self._with_currency(data, data["id"])
        self._currencies[data["id"]] = completed["currency"]
        return completed

    def _with_currency(self, data: Mapping[str, Any], vehicle_id: int) -> Mapping[str, Any]:
        """`data` in its currency, else in that of the vehicle, else in that of any other one."""
        usual = next(iter(self._currencies.values()), DEFAULT_CURRENCY)
        return {**data, "currency": data["currency"] or self._currencies.get(vehicle_id, usual)}


def _ids_for_rent(page: Iterable[object]) -> Iterator[int]:
    """The ids of a page of a list, without those that are only for sale or have no id."""
    for entry in page:
        try:
            data = FREE.load(entry)  # type: ignore[arg-type]  # anything may come over the wire
        except ValidationError:
            continue  # the reading of the whole list logs it
        if data["listing_type"] in RENTED_OUT:
            yield data["id"]


def _unreadable(entry: object, error: ValidationError) -> set[int]:
    """The id of an entry that cannot be read, as far as it has one. It is logged and counted."""
    metrics.odoo_calls.labels("vehicles", "broken record").inc()
    log.warning("a vehicle in odoo's list cannot be read: %s", error.messages)
    vehicle_id = entry.get("id") if isinstance(entry, Mapping) else None
    return {vehicle_id} if isinstance(vehicle_id, int) else set()


def _booking_path(reference: str, *call: str) -> str:
    return "/".join(("/api/fleet/booking", quoted(reference, safe=""), *call))


def _days(days: DateRange) -> dict[str, str]:
    return {"date_from": days.start.isoformat(), "date_to": days.end.isoformat()}


def _booking_body(request: BookingRequest) -> dict[str, object]:
    return {
        "vehicle_id": request.vehicle_id,
        "customer_name": request.name,
        "customer_email": request.email,
        "customer_phone": request.phone,
        **_days(request.days),
        "booking_type": request.kind,
        "pickup_location": request.pickup_location,
        "return_location": request.return_location,
        "message": request.message,
    }
