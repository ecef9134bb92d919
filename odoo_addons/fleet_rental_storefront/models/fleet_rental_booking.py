"""A booking: who has which vehicle on which days, at what price, and how far it has come."""

import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.sql import SQL, table_columns

from .fleet_rental_staff import TO_CONFIRM

LIVE_STATES = ("draft", "confirmed", "picked_up")
DONE_STATES = ("returned", "cancelled")
NEXT_STATES = {
    "draft": {"confirmed", "cancelled"},
    "confirmed": {"picked_up", "cancelled"},
    "picked_up": {"returned"},
    "returned": set(),
    "cancelled": set(),
}
FIXED_WHEN_DONE = ("vehicle_id", "date_from", "date_to", "last_day", "total_amount", "booking_type")
CONDITIONS = [("good", "Good"), ("dirty", "To be cleaned"), ("damaged", "Damaged")]
# The definition of the constraint against double bookings; `init` proves that the database has it.
NO_DOUBLE_BOOKING = (
    "EXCLUDE USING gist (vehicle_id WITH =, daterange(busy_from, busy_until) WITH &&) WHERE (holds_days)"
)


class FleetRentalBooking(models.Model):
    _name = "fleet.rental.booking"
    _inherit = [
        "fleet.rental.booking.publication",
        "fleet.rental.self.service",
        "fleet.rental.desk",
        "fleet.rental.icalendar.event",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _description = "Booking of a vehicle"
    _order = "date_from desc, id desc"
    _rec_names_search = ["reference", "customer_name", "vehicle_id.name"]

    reference = fields.Char(default=lambda self: self._new_reference(), required=True, readonly=True, copy=False)
    version = fields.Integer(
        default=1,
        required=True,
        readonly=True,
        copy=False,
        help="One more with each change that a customer can see.",
    )
    is_told = fields.Boolean(
        "Known to the website",
        readonly=True,
        copy=False,
        help="The website hears of each change of it from then on.",
    )
    vehicle_id = fields.Many2one(
        "fleet.vehicle", "Equipment", required=True, ondelete="restrict", index=True, tracking=True
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, ondelete="restrict", index=True, tracking=True
    )
    customer_name = fields.Char(
        "Name", compute="_compute_customer", store=True, readonly=False, precompute=True, tracking=True
    )
    customer_email = fields.Char(
        "Email", compute="_compute_customer", store=True, readonly=False, precompute=True, tracking=True
    )
    customer_phone = fields.Char(
        "Phone", compute="_compute_customer", store=True, readonly=False, precompute=True, tracking=True
    )
    booking_type = fields.Selection(
        [("inquiry", "Inquiry"), ("reservation", "Reservation"), ("test_drive", "Test drive")],
        "Kind",
        default="reservation",
        required=True,
        tracking=True,
    )
    state = fields.Selection(
        [
            ("draft", "Requested"),
            ("confirmed", "Confirmed"),
            ("picked_up", "Picked up"),
            ("returned", "Returned"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        tracking=True,
        copy=False,
        index=True,
        group_expand=True,
    )
    date_from = fields.Date("From", required=True, tracking=True, index=True)
    date_to = fields.Date("To", required=True, tracking=True, index=True, help="The day of return.")
    days = fields.Integer(compute="_compute_days", store=True, precompute=True)
    # The calendar view counts both ends of a range, and moves a booking by writing both.
    last_day = fields.Date(
        compute="_compute_last_day", inverse="_inverse_last_day", store=True, precompute=True, readonly=False
    )
    busy_from = fields.Date(
        compute="_compute_busy", store=True, precompute=True, help="The first day, or that of an early pick-up."
    )
    busy_until = fields.Date(
        compute="_compute_busy", store=True, precompute=True, help="The day of return and the buffer."
    )
    holds_days = fields.Boolean(compute="_compute_busy", store=True, precompute=True)
    is_overdue = fields.Boolean("Overdue", compute="_compute_is_overdue", search="_search_is_overdue")
    currency_id = fields.Many2one(related="vehicle_id.currency_id")
    company_id = fields.Many2one(related="vehicle_id.company_id", store=True)
    total_amount = fields.Monetary(
        "Price", compute="_compute_total_amount", store=True, readonly=False, tracking=True, precompute=True
    )
    price_agreed = fields.Boolean(
        "Agreed price",
        copy=False,
        tracking=True,
        help="The price was agreed with the customer: it stays when days or machine change.",
    )
    pickup_location = fields.Char()
    return_location = fields.Char()
    message = fields.Text()
    cancellation_reason = fields.Char(copy=False, tracking=True)
    picked_up_on = fields.Date(readonly=True, copy=False)
    returned_on = fields.Date(readonly=True, copy=False)
    return_condition = fields.Selection(CONDITIONS, "Condition", readonly=True, copy=False, tracking=True)
    return_note = fields.Text("Note on return", readonly=True, copy=False)
    idempotency_key = fields.Char(readonly=True, copy=False, groups="base.group_system")
    idempotency_body = fields.Char(readonly=True, copy=False, groups="base.group_system")

    _reference_once = models.Constraint("UNIQUE (reference)", "There is already a booking with this reference.")
    _key_once = models.Constraint("UNIQUE (idempotency_key)", "This request was already made.")
    _dates = models.Constraint("CHECK (date_from < date_to)", "The end date must be after the start date.")
    _price = models.Constraint("CHECK (total_amount >= 0)", "A price cannot be negative.")
    _no_double_booking = models.Constraint(
        NO_DOUBLE_BOOKING, "Another booking holds this machine on some of these days."
    )
    _busy = models.Index("(busy_until, vehicle_id) WHERE holds_days")
    _out = models.Index("(vehicle_id) WHERE state = 'picked_up'")

    def _auto_init(self):
        """Make the extension that the constraint against double bookings needs, before the constraint.

        Raises UserError where a table of this name is not this model's: an upgrade runs no `pre_init_hook`.
        """
        columns = table_columns(self.env.cr, self._table)
        if columns and not {"holds_days", "reference", "idempotency_key"} <= columns.keys():
            raise UserError(
                self.env._("The table %s belongs to another module. Nothing was changed.", self._table)
            )
        self.env.cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        return super()._auto_init()

    def init(self):
        """Fail an installation or an upgrade after which bookings could overlap; Odoo would only log a warning."""
        self.env.cr.execute(
            """SELECT FROM pg_constraint
                WHERE conrelid = 'fleet_rental_booking'::regclass AND contype = 'x' AND convalidated
                  AND conname = 'fleet_rental_booking_no_double_booking'"""
        )
        if not self.env.cr.rowcount:
            constraint = SQL.identifier("fleet_rental_booking_no_double_booking")
            add = SQL("ALTER TABLE fleet_rental_booking ADD CONSTRAINT %s %s", constraint, SQL(NO_DOUBLE_BOOKING))
            self.env.cr.execute(add)

    @api.model_create_multi
    def create(self, vals_list):
        # What was cancelled a moment ago must not stand in the way of what is inserted now.
        self.flush_model(["vehicle_id", "busy_from", "busy_until", "holds_days"])
        bookings = super().create(vals_list)
        for booking, vals in zip(bookings, vals_list, strict=True):
            if booking.state == "picked_up" and not booking.picked_up_on:
                booking.picked_up_on = min(booking.date_from, self._today())
            if "total_amount" in vals and "price_agreed" not in vals:
                booking.price_agreed = booking._differs_from_rates(vals["total_amount"])
        return bookings

    def write(self, vals):
        if self._is_as_written(vals):
            return True
        self._check_write(vals)
        if vals.get("state") == "picked_up" and "picked_up_on" not in vals:
            vals = {**vals, "picked_up_on": self._today()}
        if vals.get("state") == "returned" and "returned_on" not in vals:
            vals = {**vals, "returned_on": self._today()}
        if vals.get("last_day") and "date_to" not in vals:  # both ends at once, else the first is written alone
            vals = {**vals, "date_to": fields.Date.to_date(vals["last_day"]) + timedelta(days=1)}
        done = super().write(vals)
        if vals.get("state"):  # the step that was waited for is taken
            self.sudo().activity_unlink([TO_CONFIRM])
        if "total_amount" in vals and "price_agreed" not in vals:
            for booking in self:
                agreed = booking._differs_from_rates(vals["total_amount"])
                if booking.price_agreed != agreed:
                    booking.price_agreed = agreed
        return done

    @api.model
    def _today(self):
        return self.env["fleet.vehicle"]._rental_today()

    @api.model
    def _new_reference(self):
        """Like BK-20240115-A1B2C3D4: the day for people, and a part that cannot be guessed."""
        return f"BK-{self._today():%Y%m%d}-{secrets.token_hex(4).upper()}"

    @api.depends("vehicle_id.name", "customer_name")
    def _compute_display_name(self):
        for booking in self:
            known = filter(None, (booking.vehicle_id.name, booking.customer_name))
            booking.display_name = ", ".join(known) or self.env._("New booking")

    @api.depends("partner_id")
    def _compute_customer(self):
        for booking in self:
            booking.customer_name = booking.partner_id.name
            booking.customer_email = booking.partner_id.email
            booking.customer_phone = booking.partner_id.phone

    @api.depends("date_from", "date_to")
    def _compute_days(self):
        for booking in self:
            known = booking.date_from and booking.date_to
            booking.days = (booking.date_to - booking.date_from).days if known else 0

    @api.depends("date_to")
    def _compute_last_day(self):
        for booking in self:
            booking.last_day = booking.date_to and booking.date_to - timedelta(days=1)

    def _inverse_last_day(self):
        for booking in self.filtered("last_day"):
            booking.date_to = booking.last_day + timedelta(days=1)

    @api.depends("date_from", "date_to", "vehicle_id", "state", "booking_type", "picked_up_on", "returned_on")
    def _compute_busy(self):
        """With the buffer as it is now: changing it later does not move what is already booked.

        An inquiry holds nothing. What is out before its first day holds the days from then on.
        What came back holds the machine for the buffer, as far as the next booking leaves room: it is too late to
        refuse either.
        """
        for booking in self:
            buffer = timedelta(days=booking.vehicle_id.rental_buffer_days)
            early = booking.state == "picked_up" and booking.picked_up_on
            booking.busy_from = min(booking.date_from, early) if early else booking.date_from
            booking.busy_until = booking.date_to and booking.date_to + buffer
            booking.holds_days = booking.state in LIVE_STATES and booking.booking_type != "inquiry"
            if booking.state == "returned" and booking.returned_on and booking.booking_type != "inquiry":
                booking.busy_from = booking.returned_on
                booking.busy_until = booking._checked_until(booking.returned_on + buffer)
                booking.holds_days = booking.busy_from < booking.busy_until

    def _checked_until(self, wanted):
        """The day until which what came back is kept, at most `wanted`: others may have booked before."""
        others = self.sudo().vehicle_id.booking_ids - self
        coming = [
            other.busy_from
            for other in others
            if other.holds_days and other.busy_until > self.returned_on and other.busy_from < wanted
        ]
        return max(self.returned_on, min([wanted, *coming]))

    @api.depends("state", "date_to")
    def _compute_is_overdue(self):
        today = self._today()
        for booking in self:
            booking.is_overdue = booking.state == "picked_up" and booking.date_to < today

    def _search_is_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = [("state", "=", "picked_up"), ("date_to", "<", self._today())]
        return late if True in value else ["!", "&", *late]

    @api.depends("vehicle_id", "date_from", "date_to")
    def _compute_total_amount(self):
        """Priced when it is made or moved, unless a price was agreed; a later change of rates leaves it alone."""
        for booking in self:
            if not booking.price_agreed:
                booking.total_amount = booking._price_by_rates()

    def _price_by_rates(self):
        return self.vehicle_id._rental_price(self.days) if self.days > 0 else 0

    def _differs_from_rates(self, amount):
        currency = self.vehicle_id._rental_currency()
        return bool(currency.compare_amounts(amount or 0, self._price_by_rates()))

    def _meets(self, start, end):
        return self.busy_from < end and start < self.busy_until

    def _held_until(self):
        """The first day on which the machine can go out again, as far as it is known today."""
        if not self.is_overdue:
            return self.busy_until
        tomorrow = self._today() + timedelta(days=1)
        return max(self.busy_until, tomorrow + timedelta(days=self.vehicle_id.rental_buffer_days))

    # What staff do

    def action_confirm(self):
        return self._move_to("confirmed")

    def action_pick_up(self):
        return self._move_to("picked_up", picked_up_on=self._today())

    def action_return(self):
        return self._move_to("returned", returned_on=self._today())

    def action_cancel(self, reason=None):
        for booking in self:
            given = reason or booking.cancellation_reason or self.env._("Cancelled by the office")
            booking._move_to("cancelled", cancellation_reason=given)
        return True

    def _move_to(self, state, **values):
        self._check_step(state)
        return self.write({"state": state, **values})

    def _check_step(self, state):
        names = dict(self._fields["state"]._description_selection(self.env))
        for booking in self:
            if state not in NEXT_STATES[booking.state]:
                words = {"booking": booking.reference, "now": names[booking.state], "next": names[state]}
                raise UserError(
                    self.env._("%(booking)s is in the state “%(now)s” and cannot become “%(next)s”.", **words)
                )

    def _check_write(self, vals):
        """Hold every way to write a booking to its steps, its reference, and its terms once it is over."""
        if any("reference" in vals and booking.reference != vals["reference"] for booking in self):
            raise UserError(self.env._("The reference of a booking does not change."))
        if "state" in vals:
            self.filtered(lambda booking: booking.state != vals["state"])._check_step(vals["state"])
        for booking in self:
            changed = [
                name for name in FIXED_WHEN_DONE if name in vals and booking._would_change(name, vals[name])
            ]
            if changed and booking.state in DONE_STATES:
                raise UserError(self.env._("%s is over: its days, machine and price stay.", booking.reference))
            if "date_from" in changed and booking.state != "picked_up":
                booking._check_not_moved_to_the_past(vals["date_from"])

    def _is_as_written(self, vals):
        """Whether a write would change nothing at all, not even the time of the last change."""
        plain = all(
            name in self._fields and self._fields[name].type not in {"one2many", "many2many"} for name in vals
        )
        return plain and not any(
            booking._would_change(name, value) for booking in self for name, value in vals.items()
        )

    def _would_change(self, name, value):
        field = self._fields[name]
        return field.convert_to_cache(value, self) != field.convert_to_cache(self[name], self)

    def _check_not_moved_to_the_past(self, date_from):
        if fields.Date.to_date(date_from) < self._today():
            raise UserError(self.env._("%s cannot be moved to a day that is over.", self.reference))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_live(self):
        if any(booking.state in LIVE_STATES for booking in self):
            raise UserError(self.env._("Only a booking that is cancelled or returned can be deleted."))

    @api.constrains("state", "date_from", "date_to", "vehicle_id", "booking_type")
    def _check_overdue_rentals(self):
        """The constraint of the database knows the planned days; that a machine is late, only the clock knows."""
        for booking in self.filtered(lambda booking: booking.holds_days and booking.state != "returned"):
            late = booking.vehicle_id.sudo().booking_ids.filtered("is_overdue") - booking
            if any(booking._meets(other.busy_from, other._held_until()) for other in late):
                raise ValidationError(self.env._("The machine has not come back from its last rental yet."))
