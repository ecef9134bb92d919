"""The days of a machine as a strip: one line of the timeline."""

from datetime import timedelta

from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import format_date

DAYS = 31
AFTER = "timeline_after"  # in the context: how many days from today the strip begins
SATURDAY = 5
FREE = Markup('<span class="o_rental_day {look}" style="--days: 1" title="{day}">{number}</span>')
BAR = Markup('<span class="o_rental_bar {look}" style="--days: {days}" title="{title}">{text}</span>')
STRIP = Markup('<div class="o_rental_strip">{}</div>')


class FleetRentalTimeline(models.AbstractModel):
    """Bookings, buffers and maintenance of a vehicle, drawn as bars over four weeks."""

    _name = "fleet.rental.timeline"
    _description = "Timeline of a vehicle"

    rental_timeline = fields.Html("Days", compute="_compute_rental_timeline", sanitize=False)

    rental_warning = fields.Text(compute="_compute_rental_warning")

    @api.depends("rental_state", "maintenance_until", "active", "booking_ids.holds_days", "booking_ids.busy_until")
    def _compute_rental_warning(self):
        """The bookings that will not find a machine: it is sold, archived, or still in maintenance then."""
        today = self._rental_today()
        holding = self._holding_bookings(today)
        for vehicle in self:
            met = holding[vehicle.id].filtered(
                lambda booking, vehicle=vehicle: vehicle._is_gone_for(booking, today)
            )
            names = ", ".join(f"{booking.reference} ({booking.customer_name or ''})" for booking in met)
            vehicle.rental_warning = names and self.env._("Bookings without a machine: %s.", names)

    def _is_gone_for(self, booking, today):
        coming = booking.state in {"draft", "confirmed"}
        return coming and (not self.active or self._out_of_service(max(booking.date_from, today)))

    @api.depends_context(AFTER, "lang")
    def _compute_rental_timeline(self):
        start = self._rental_today() + timedelta(days=int(self.env.context.get(AFTER) or 0))
        end = start + timedelta(days=DAYS)
        holding = self._holding_bookings(start)
        for vehicle in self:
            bars = vehicle._bars(holding[vehicle.id], start, end)
            vehicle.rental_timeline = STRIP.format(Markup().join(vehicle._strip(bars, start, end)))

    def _bars(self, bookings, start, end):
        """What takes days of [start, end): (first day, day after the last, look, text, title), in order, apart."""
        bars = []
        for booking in bookings.sorted("busy_from"):
            name, title = booking.customer_name or booking.reference, self._title(booking)
            if booking.is_overdue:
                bars.append((booking.busy_from, booking._held_until(), "o_rental_overdue", name, title))
                continue
            rented = min(max(booking.date_to, booking.busy_from), booking.busy_until)
            bars.append((booking.busy_from, rented, f"o_rental_{booking.state}", name, title))
            bars.append((rented, booking.busy_until, "o_rental_buffer", "", title))
        if self._out_of_service(start):
            known = self.rental_state == "maintenance" and self.maintenance_until
            words = dict(self._fields["rental_state"]._description_selection(self.env))[self.rental_state]
            bars.append((start, known or end, "o_rental_maintenance", words, words))
        return bars

    def _strip(self, bars, start, end):
        """The pieces of the strip: each day is in one of them, so that those of all machines stand in columns."""
        day = start
        while day < end:
            bar = next((bar for bar in bars if bar[0] <= day < bar[1]), None)
            if bar is None:
                yield self._free_day(day)
                day += timedelta(days=1)
                continue
            stop = min([bar[1], end, *(other[0] for other in bars if day < other[0] and other is not bar)])
            yield BAR.format(look=bar[2], days=(stop - day).days, title=bar[4], text=bar[3])
            day = stop

    def _free_day(self, day):
        look = "o_rental_weekend" if day.weekday() >= SATURDAY else ""
        return FREE.format(look=look, day=format_date(self.env, day), number=day.day)

    def _title(self, booking):
        states = dict(booking._fields["state"]._description_selection(self.env))
        dates = f"{format_date(self.env, booking.date_from)} – {format_date(self.env, booking.date_to)}"
        return f"{booking.reference}, {booking.customer_name or ''}, {dates}, {states[booking.state]}"
