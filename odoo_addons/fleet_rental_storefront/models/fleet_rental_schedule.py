"""When a vehicle can be had: its bookings, maintenance and sale, in whole days of the business's time zone."""

from datetime import date, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..exceptions import DatesTaken, Refusal

TIMEZONE = "fleet_rental_storefront.timezone"
REFRESHED = "fleet_rental_storefront.refreshed_on"
DEFAULT_TIMEZONE = "America/Chicago"
CONFLICTS = {"taken", "in_maintenance", "not_for_rent"}


class FleetRentalSchedule(models.AbstractModel):
    """The days of a vehicle: when it is out, in maintenance, sold or free, and why a rental cannot be."""

    _name = "fleet.rental.schedule"
    _description = "Rental schedule of a vehicle"

    rental_state = fields.Selection(
        [("in_service", "In service"), ("maintenance", "Maintenance"), ("sold", "Sold")],
        "Service",
        default="in_service",
        required=True,
        tracking=True,
    )
    maintenance_until = fields.Date(
        tracking=True, help="The first day after the maintenance; empty: not known yet."
    )
    availability_status = fields.Selection(
        [
            ("available", "Available"),
            ("reserved", "Reserved"),
            ("rented", "Rented out"),
            ("maintenance", "Maintenance"),
            ("sold", "Sold"),
        ],
        "Availability",
        compute="_compute_availability_status",
        store=True,
        help="How the machine stands today.",
    )

    # Not stored, else each booking would write to its vehicle, and two at a time would be in each other's way.
    next_busy_from = fields.Date(compute="_compute_next_busy", search="_search_next_busy_from")
    next_busy_to = fields.Date(compute="_compute_next_busy", search="_search_next_busy_to", help="Its last day.")

    @api.model
    def _rental_today(self):
        """The present day where the business is."""
        zone = self.env["ir.config_parameter"].sudo().get_param(TIMEZONE, DEFAULT_TIMEZONE)
        return fields.Date.context_today(self.with_context(tz=zone))

    @api.depends(
        "rental_state",
        "maintenance_until",
        "booking_ids.state",
        "booking_ids.busy_from",
        "booking_ids.busy_until",
        "booking_ids.holds_days",
    )
    def _compute_availability_status(self):
        today = self._rental_today()
        holding = self._holding_bookings(today)
        for vehicle in self:
            vehicle.availability_status = vehicle._status_on(today, holding[vehicle.id])

    @api.depends("booking_ids.holds_days", "booking_ids.busy_from", "booking_ids.busy_until")
    def _compute_next_busy(self):
        """The present or next range of days on which the machine is out, for the calendar."""
        today = self._rental_today()
        busy = self._busy_ranges_by_vehicle()
        for vehicle in self:
            coming = [days for days in busy[vehicle.id] if days[1] > today]
            vehicle.next_busy_from = coming[0][0] if coming else False
            vehicle.next_busy_to = coming[0][1] - timedelta(days=1) if coming else False

    def _search_next_busy_from(self, operator, value):
        return [("booking_ids", "any", [("holds_days", "=", True), ("busy_from", operator, value)])]

    def _search_next_busy_to(self, operator, value):
        return [("booking_ids", "any", [("holds_days", "=", True), ("busy_until", operator, value)])]

    def _status_on(self, today, holding):
        if self.rental_state == "sold" or self._in_maintenance_on(today):
            return self.rental_state
        if any(booking.state == "picked_up" for booking in holding):
            return "rented"
        covered = any(booking.busy_from <= today < booking.busy_until for booking in holding)
        return "reserved" if covered else "available"

    def _in_maintenance_on(self, day):
        return self.rental_state == "maintenance" and (not self.maintenance_until or day < self.maintenance_until)

    def _holding_bookings(self, since, besides=None):
        """The bookings that hold days from `since` on, or are out: {vehicle id: bookings}, one query for all."""
        bookings = self.env["fleet.rental.booking"].sudo()
        holding = Domain("vehicle_id", "in", self.ids) & Domain("holds_days", "=", True)
        found = bookings.search(holding & (Domain("busy_until", ">", since) | Domain("state", "=", "picked_up")))
        if besides:
            found -= besides
        grouped = found.grouped(lambda booking: booking.vehicle_id.id)
        return {vehicle.id: grouped.get(vehicle.id, bookings) for vehicle in self}

    def _busy_ranges_by_vehicle(self, since=None, besides=None):
        """The half-open ranges of days on which each machine cannot go out for its bookings, in order and apart.

        Each begins with the buffer, since a rental that ends there would need it. A rental that is overdue keeps
        the machine through today at least, since it is not known when it comes back. `since` is today by default.
        """
        holding = self._holding_bookings(min(since or date.max, self._rental_today()), besides)
        return {
            vehicle.id: _joined(
                (booking.busy_from - timedelta(days=vehicle.rental_buffer_days), booking._held_until())
                for booking in holding[vehicle.id]
            )
            for vehicle in self
        }

    def _busy_ranges(self, since=None, besides=None):
        """The same of one vehicle."""
        self.ensure_one()
        return self._busy_ranges_by_vehicle(since, besides)[self.id]

    def _busy_ranges_within(self, start, end):
        """The ranges of [start, end) in which it cannot be had for a day, for any reason of its own."""
        ranges = self._busy_ranges(start)
        if self._out_of_service(start):
            known = self.rental_state == "maintenance" and self.maintenance_until
            ranges = _joined([*ranges, (start, known or end)])
        return [(max(first, start), min(last, end)) for first, last in ranges if first < end and start < last]

    def _out_of_service(self, day):
        """Whether it is sold, or still in maintenance on that day."""
        return self.rental_state == "sold" or self._in_maintenance_on(day)

    def _for_rent(self):
        return self.rental_state != "sold" and self.listing_type != "sale" and self.rental_price_daily > 0

    def _is_free(self, date_from, date_to, besides=None):
        """Whether nothing of its own stands in the way of [date_from, date_to) and the buffer after it."""
        if self._out_of_service(date_from):
            return False
        busy = self._busy_ranges(date_from, besides)
        return not any(start < date_to and date_from < stop for start, stop in busy)

    def _next_free(self):
        """The first free range from today on, half-open; None for an open end, twice None for never."""
        start = self._rental_today()
        if self._out_of_service(start):
            if self.rental_state == "sold" or not self.maintenance_until:
                return None, None
            start = self.maintenance_until
        for begin, end in self._busy_ranges():
            if begin > start:
                return start, begin
            start = max(start, end)
        return start, None

    # The one check behind booking, availability and the list's dates (docs/odoo-contract.md, section 4.2)

    def _rental_reasons(self, date_from, date_to, besides=None):
        """Why a customer cannot have it in [date_from, date_to): [{code, message, limit?}], empty when he can."""
        self.ensure_one()
        reasons = self.env["fleet.rental.storefront"]._current()._day_reasons(date_from, date_to)
        return [
            *reasons,
            *self._length_reasons((date_to - date_from).days),
            *self._own_reasons(date_from, date_to, besides),
        ]

    def _length_reasons(self, days):
        shortest, longest = self.minimum_rental_days, self.maximum_rental_days
        if days < shortest:
            message = self.env._("The shortest rental of this machine is %s days.", shortest)
            return [{"code": "too_short", "message": message, "limit": shortest}]
        if days > longest:
            message = self.env._("The longest rental of this machine is %s days.", longest)
            return [{"code": "too_long", "message": message, "limit": longest}]
        return []

    def _own_reasons(self, date_from, date_to, besides=None):
        if not self._for_rent():
            return [{"code": "not_for_rent", "message": self.env._("This machine is not for rent.")}]
        if self._in_maintenance_on(date_from):
            message = self.env._("The machine is in maintenance on these dates.")
            return [{"code": "in_maintenance", "message": message}]
        busy = self._busy_ranges(date_from, besides)
        if any(start < date_to and date_from < stop for start, stop in busy):
            return [{"code": "taken", "message": self.env._("The machine is not available on these dates.")}]
        return []

    def _next_bookable(self, date_from, date_to, besides=None):
        """The first range of the same length, from `date_from` on, that can be booked; None when there is none."""
        length = date_to - date_from
        storefront = self.env["fleet.rental.storefront"]._current()
        if self._length_reasons(length.days) or not self._for_rent():
            return None
        if self.rental_state == "maintenance" and not self.maintenance_until:
            return None
        start = max(date_from, storefront._earliest(), self.maintenance_until or date.min)
        busy, latest = self._busy_ranges(start, besides), storefront._latest()
        while start <= latest:
            taken = next((last for first, last in busy if first < start + length and start < last), None)
            if taken is None and storefront._is_open(start) and storefront._is_open(start + length):
                return start, start + length
            start = taken or start + timedelta(days=1)
        return None

    @api.model
    def _bookable_domain(self, date_from, date_to):
        """The vehicles without any reason of `_rental_reasons`, as a domain; one query for any number of them."""
        if self.env["fleet.rental.storefront"]._current()._day_reasons(date_from, date_to):
            return Domain.FALSE
        self.env["fleet.rental.booking"].flush_model(
            ["vehicle_id", "busy_from", "busy_until", "holds_days", "state"]
        )
        days, tomorrow = (date_to - date_from).days, self._rental_today() + timedelta(days=1)
        taken = SQL(
            """SELECT booking.vehicle_id
                 FROM fleet_rental_booking booking JOIN fleet_vehicle vehicle ON vehicle.id = booking.vehicle_id
                WHERE booking.holds_days
                  AND booking.busy_from < %(end)s::date + COALESCE(vehicle.rental_buffer_days, 0)
                  AND (booking.busy_until > %(start)s OR booking.state = 'picked_up'
                       AND booking.date_to < %(tomorrow)s::date - 1
                       AND %(tomorrow)s::date + COALESCE(vehicle.rental_buffer_days, 0) > %(start)s)""",
            start=date_from,
            end=date_to,
            tomorrow=tomorrow,
        )
        in_service = Domain("rental_state", "=", "in_service")
        repaired = Domain("rental_state", "=", "maintenance") & Domain("maintenance_until", "<=", date_from)
        return Domain.AND(
            [
                in_service | repaired,
                Domain("listing_type", "!=", "sale"),
                Domain("rental_price_daily", ">", 0),
                Domain("minimum_rental_days", "<=", days),
                Domain("maximum_rental_days", ">=", days),
                Domain("id", "not in", taken),
            ]
        )

    @api.model
    def _check_rental_dates(self, date_from, date_to):
        if date_to <= date_from:
            raise Refusal(self.env._("The end date must be after the start date."))
        if date_from < self._rental_today():
            raise Refusal(self.env._("The start date is in the past."))

    def _check_rental(self, date_from, date_to):
        """Raise Refusal or DatesTaken when a customer cannot have the machine in [date_from, date_to)."""
        self._check_rental_dates(date_from, date_to)
        refuse(self._rental_reasons(date_from, date_to))

    @api.model
    def _cron_begin_the_day(self):
        """Once a day: end what maintenance has ended, and bring each status up to date. Told to the site."""
        today = self._rental_today()
        parameters = self.env["ir.config_parameter"].sudo()
        before = fields.Date.to_date(parameters.get_param(REFRESHED) or False)
        if before == today:
            return
        ended = [("rental_state", "=", "maintenance"), ("maintenance_until", "<=", today)]
        self.search(ended).write({"rental_state": "in_service", "maintenance_until": False})
        vehicles = self._turned_by_the_day(before or today - timedelta(days=1), today)
        vehicles._remember()
        vehicles._compute_availability_status()
        vehicles._tell_what_is_late()
        parameters.set_param(REFRESHED, str(today))

    def _turned_by_the_day(self, before, today):
        """The vehicles with a booking that begins or ends to hold days since the day `before`, or that is late."""
        holding = Domain("holds_days", "=", True)
        begun = Domain("busy_from", ">", before) & Domain("busy_from", "<=", today)
        ended = Domain("busy_until", ">", before) & Domain("busy_until", "<=", today)
        late = Domain("state", "=", "picked_up") & Domain("date_to", "<", today)
        bookings = self.env["fleet.rental.booking"].sudo().search(holding & (begun | ended | late))
        return bookings.vehicle_id

    def _tell_what_is_late(self):
        """A late rental takes one more day each morning, which no write says."""
        late = self.filtered(lambda vehicle: any(booking.is_overdue for booking in vehicle.sudo().booking_ids))
        late._tell_availability()


def refuse(reasons):
    """Raise DatesTaken when only others stand in the way, else Refusal; nothing without reasons."""
    if not reasons:
        return
    first = next((reason for reason in reasons if reason["code"] not in CONFLICTS), reasons[0])
    if first["code"] in CONFLICTS:
        raise DatesTaken(first["message"], reasons=reasons)
    raise Refusal(first["message"], "not_bookable", reasons=reasons)


def _joined(ranges):
    """The same days in as few ranges as can be, in order."""
    joined = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
