"""When a vehicle can be had: its bookings, maintenance and sale, in whole days of the business's time zone."""

from datetime import timedelta

from odoo import _, api, fields, models

from ..exceptions import DatesTaken, Refusal

TIMEZONE = "fleet_rental_storefront.timezone"
REFRESHED = "fleet_rental_storefront.refreshed_on"
DEFAULT_TIMEZONE = "America/Chicago"


class FleetRentalSchedule(models.AbstractModel):
    """What a vehicle gets of days: when it is out, in maintenance, sold or free."""

    _name = "fleet.rental.schedule"
    _description = "Rental schedule of a vehicle"

    rental_state = fields.Selection(
        [("in_service", "In service"), ("maintenance", "Maintenance"), ("sold", "Sold")],
        "Service",
        default="in_service",
        required=True,
        tracking=True,
    )
    maintenance_until = fields.Date(help="The first day after the maintenance; empty: nobody knows yet.")
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
        "booking_ids.date_from",
        "booking_ids.busy_until",
        "booking_ids.booking_type",
    )
    def _compute_availability_status(self):
        today = self._rental_today()
        for vehicle in self:
            vehicle.availability_status = vehicle._status_on(today)

    @api.depends("booking_ids.holds_days", "booking_ids.date_from", "booking_ids.busy_until")
    def _compute_next_busy(self):
        """The present or next range of days on which the machine is out, for the calendar."""
        today = self._rental_today()
        for vehicle in self:
            coming = [days for days in vehicle._busy_ranges() if days[1] > today]
            vehicle.next_busy_from = coming[0][0] if coming else False
            vehicle.next_busy_to = coming[0][1] - timedelta(days=1) if coming else False

    def _search_next_busy_from(self, operator, value):
        return [("booking_ids", "any", [("holds_days", "=", True), ("date_from", operator, value)])]

    def _search_next_busy_to(self, operator, value):
        return [("booking_ids", "any", [("holds_days", "=", True), ("busy_until", operator, value)])]

    def _status_on(self, today):
        if self.rental_state == "sold" or self._in_maintenance_on(today):
            return self.rental_state
        holding = self.sudo().booking_ids.filtered("holds_days")
        if any(booking.state == "picked_up" for booking in holding):
            return "rented"
        covered = any(booking.date_from <= today < booking.busy_until for booking in holding)
        return "reserved" if covered else "available"

    def _in_maintenance_on(self, day):
        return self.rental_state == "maintenance" and (not self.maintenance_until or day < self.maintenance_until)

    def _busy_ranges(self, besides=None):
        """The half-open ranges of days on which this machine cannot go out for its bookings, in order and apart.

        Each begins with the buffer, since a rental that ends there would need it. A rental that is overdue keeps
        the machine through today at least, since nobody knows when it comes back.
        """
        self.ensure_one()
        buffer = timedelta(days=self.rental_buffer_days)
        bookings = self.sudo().booking_ids.filtered("holds_days")
        if besides:
            bookings -= besides
        return _joined((booking.date_from - buffer, booking._held_until()) for booking in bookings)

    def _busy_ranges_within(self, start, end):
        """The ranges of [start, end) in which it cannot be had for a day, for whatever reason."""
        ranges = self._busy_ranges()
        if self._out_of_service(start):
            known = self.rental_state == "maintenance" and self.maintenance_until
            ranges = _joined([*ranges, (start, known or end)])
        return [(max(first, start), min(last, end)) for first, last in ranges if first < end and start < last]

    def _out_of_service(self, day):
        """Whether it is sold, or still in maintenance on that day."""
        return self.rental_state == "sold" or self._in_maintenance_on(day)

    def _is_free(self, date_from, date_to, besides=None):
        """Whether nothing stands in the way of a rental in [date_from, date_to) and the buffer after it."""
        if self._out_of_service(date_from):
            return False
        return not any(start < date_to and date_from < stop for start, stop in self._busy_ranges(besides))

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

    @api.model
    def _check_rental_dates(self, date_from, date_to):
        if date_to <= date_from:
            raise Refusal(_("The end date must be after the start date."))
        if date_from < self._rental_today():
            raise Refusal(_("The start date is in the past."))

    def _check_rental(self, date_from, date_to):
        """Raise Refusal or DatesTaken when a customer cannot have the machine in [date_from, date_to)."""
        self._check_rental_dates(date_from, date_to)
        days = (date_to - date_from).days
        if days < self.minimum_rental_days:
            raise Refusal(_("The shortest rental of this machine is %s days.", self.minimum_rental_days))
        if days > self.maximum_rental_days:
            raise Refusal(_("The longest rental of this machine is %s days.", self.maximum_rental_days))
        if not self._is_free(date_from, date_to):
            raise DatesTaken(_("The machine is not available on these dates."))

    @api.model
    def _cron_begin_the_day(self):
        """Once a day: end what maintenance has ended, and bring each status up to date. Told to the site."""
        today = self._rental_today()
        parameters = self.env["ir.config_parameter"].sudo()
        if parameters.get_param(REFRESHED) == str(today):
            return
        ended = [("rental_state", "=", "maintenance"), ("maintenance_until", "<=", today)]
        self.search(ended).write({"rental_state": "in_service", "maintenance_until": False})
        vehicles = self.search([("rental_published", "=", True)])
        vehicles._remember_what_is_published()
        vehicles._compute_availability_status()
        parameters.set_param(REFRESHED, str(today))


def _joined(ranges):
    """The same days in as few ranges as can be, in order."""
    joined = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
