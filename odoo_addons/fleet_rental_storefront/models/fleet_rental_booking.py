"""A booking: who has which vehicle on which days, at what price, and how far it has come."""

import secrets
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import mute_logger
from psycopg2.errors import ExclusionViolation, UniqueViolation

from ..exceptions import DatesTaken, KeyReused

LIVE_STATES = ("draft", "confirmed", "picked_up")
NEXT_STATES = {
    "draft": {"confirmed", "cancelled"},
    "confirmed": {"picked_up", "cancelled"},
    "picked_up": {"returned"},
    "returned": set(),
    "cancelled": set(),
}


class FleetRentalBooking(models.Model):
    _name = "fleet.rental.booking"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _description = "Booking of a vehicle"
    _order = "date_from desc, id desc"
    _rec_names_search = ["reference", "customer_name", "vehicle_id.name"]

    reference = fields.Char(
        default=lambda self: self._new_reference(), required=True, readonly=True, copy=False, index=True
    )
    vehicle_id = fields.Many2one(
        "fleet.vehicle", "Equipment", required=True, ondelete="restrict", index=True, tracking=True
    )
    partner_id = fields.Many2one("res.partner", "Customer", required=True, ondelete="restrict", tracking=True)
    customer_name = fields.Char("Name", compute="_compute_customer", store=True, readonly=False, precompute=True)
    customer_email = fields.Char("Email", compute="_compute_customer", store=True, readonly=False, precompute=True)
    customer_phone = fields.Char("Phone", compute="_compute_customer", store=True, readonly=False, precompute=True)
    booking_type = fields.Selection(
        [("inquiry", "Inquiry"), ("reservation", "Reservation"), ("test_drive", "Test drive")],
        "Kind",
        default="reservation",
        required=True,
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
    date_from = fields.Date("From", required=True, tracking=True)
    date_to = fields.Date("To", required=True, tracking=True, help="The day of return.")
    days = fields.Integer(compute="_compute_days", store=True, precompute=True)
    # The calendar view counts both ends of a range.
    last_day = fields.Date(compute="_compute_days", store=True, precompute=True)
    busy_until = fields.Date(
        compute="_compute_busy_until", store=True, precompute=True, help="The day of return and the buffer."
    )
    holds_days = fields.Boolean(compute="_compute_holds_days", store=True, precompute=True)
    is_overdue = fields.Boolean("Overdue", compute="_compute_is_overdue", search="_search_is_overdue")
    currency_id = fields.Many2one(related="vehicle_id.currency_id")
    company_id = fields.Many2one(related="vehicle_id.company_id", store=True)
    total_amount = fields.Monetary(
        "Price", compute="_compute_total_amount", store=True, readonly=False, tracking=True, precompute=True
    )
    pickup_location = fields.Char()
    return_location = fields.Char()
    message = fields.Text()
    cancellation_reason = fields.Char(copy=False)
    returned_on = fields.Date(readonly=True, copy=False)
    idempotency_key = fields.Char(readonly=True, copy=False, groups="base.group_system")
    idempotency_body = fields.Char(readonly=True, copy=False, groups="base.group_system")

    _reference_once = models.Constraint("UNIQUE (reference)", "There is already a booking with this reference.")
    _key_once = models.Constraint("UNIQUE (idempotency_key)", "This request was already made.")
    _dates = models.Constraint("CHECK (date_from < date_to)", "The end date must be after the start date.")
    _no_double_booking = models.Constraint(
        "EXCLUDE USING gist (vehicle_id WITH =, daterange(date_from, busy_until) WITH &&) WHERE (holds_days)",
        "Another booking holds this machine on some of these days.",
    )

    @api.model
    def _new_reference(self):
        """Like BK-20240115-A1B2C3D4: the day for people, and a part that nobody can guess."""
        return f"BK-{self.env['fleet.vehicle']._rental_today():%Y%m%d}-{secrets.token_hex(4).upper()}"

    @api.depends("vehicle_id.name", "customer_name")
    def _compute_display_name(self):
        for booking in self:
            booking.display_name = f"{booking.vehicle_id.name}, {booking.customer_name}"

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
            booking.last_day = booking.date_to and booking.date_to - timedelta(days=1)

    @api.depends("date_to", "vehicle_id")
    def _compute_busy_until(self):
        """With the buffer as it is now: changing it later does not move what is already booked."""
        for booking in self:
            buffer = timedelta(days=booking.vehicle_id.rental_buffer_days)
            booking.busy_until = booking.date_to and booking.date_to + buffer

    @api.depends("state", "booking_type")
    def _compute_holds_days(self):
        """An inquiry is a question, so it holds nothing."""
        for booking in self:
            booking.holds_days = booking.state in LIVE_STATES and booking.booking_type != "inquiry"

    @api.depends("state", "date_to")
    def _compute_is_overdue(self):
        today = self.env["fleet.vehicle"]._rental_today()
        for booking in self:
            booking.is_overdue = booking.state == "picked_up" and booking.date_to < today

    def _search_is_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = [("state", "=", "picked_up"), ("date_to", "<", self.env["fleet.vehicle"]._rental_today())]
        return late if True in value else ["!", "&", *late]

    @api.depends("vehicle_id", "date_from", "date_to")
    def _compute_total_amount(self):
        """Priced when it is made or moved; a later change of rates leaves it alone."""
        for booking in self:
            booking.total_amount = booking.vehicle_id._rental_price(booking.days) if booking.days > 0 else 0

    def _meets(self, start, end):
        return self.date_from < end and start < self.busy_until

    def _held_until(self):
        """The first day on which the machine can go out again, as far as anybody knows today."""
        if not self.is_overdue:
            return self.busy_until
        tomorrow = self.env["fleet.vehicle"]._rental_today() + timedelta(days=1)
        return max(self.busy_until, tomorrow + timedelta(days=self.vehicle_id.rental_buffer_days))

    # What staff do

    def action_confirm(self):
        self._move_to("confirmed")

    def action_pick_up(self):
        self._move_to("picked_up")

    def action_return(self):
        self._move_to("returned", returned_on=self.env["fleet.vehicle"]._rental_today())

    def action_cancel(self, reason=None):
        self._move_to("cancelled")
        for booking in self.filtered(lambda booking: reason or not booking.cancellation_reason):
            booking.cancellation_reason = reason or _("Cancelled by the office")

    def _move_to(self, state, **values):
        for booking in self:
            if state not in NEXT_STATES[booking.state]:
                names = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    _(
                        "%(booking)s is in the state “%(now)s” and cannot become “%(next)s”.",
                        booking=booking.reference,
                        now=names[booking.state],
                        next=names[state],
                    )
                )
        self.write({"state": state, **values})

    @api.ondelete(at_uninstall=False)
    def _unlink_except_live(self):
        if any(booking.state in LIVE_STATES for booking in self):
            raise UserError(_("Only a booking that is cancelled or returned can be deleted."))

    @api.constrains("state", "date_from", "date_to", "vehicle_id", "booking_type")
    def _check_overdue_rentals(self):
        """The constraint of the database knows the planned days; that a machine is late, only the clock knows."""
        for booking in self.filtered("holds_days"):
            late = booking.vehicle_id.sudo().booking_ids.filtered("is_overdue") - booking
            if any(booking._meets(other.date_from, other._held_until()) for other in late):
                raise ValidationError(_("The machine has not come back from its last rental yet."))

    # What customers do

    @api.model
    def _place(self, vehicle, dates, customer, details, key=None, body=None):
        """The answer to a customer's booking, new or, for an idempotency key seen before, the one made then.

        `dates` are (date_from, date_to), `customer` has name, email and phone, `body` identifies the request that
        came with `key`. Raises Refusal, DatesTaken or KeyReused, and then has changed nothing.
        """
        if made := self._made_before(key, body):
            return made._answer()
        # In line for this machine, so that of many requests at once none ends in a deadlock.
        self.env.cr.execute("SELECT pg_advisory_xact_lock(hashtext('fleet_rental_booking'), %s)", [vehicle.id])
        vehicle._check_rental(*dates)
        values = self._placed_values(vehicle, dates, customer, details, key, body)
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                return self.create({**values, "partner_id": self._customer(customer).id})._answer()
        except (ExclusionViolation, UniqueViolation) as error:
            # The other one was committed after this transaction began, so only a new one can see it.
            with self.env.registry.cursor() as cr:
                made = self.with_env(self.env(cr=cr))._made_before(key, body)
                if made:
                    return made._answer()
            raise DatesTaken(_("The machine is not available on these dates.")) from error

    def _answer(self):
        return {
            "booking_ref": self.reference,
            "booking_id": self.id,
            "message": _("Your booking request has been received. We will confirm it shortly."),
            "estimated_price": self.total_amount,
            "currency": self.vehicle_id._rental_currency().name,
        }

    @api.model
    def _made_before(self, key, body):
        made = self.search([("idempotency_key", "=", key)]) if key else self.browse()
        if made and made.idempotency_body != body:
            raise KeyReused(_("This Idempotency-Key was used for another request."))
        return made

    def _placed_values(self, vehicle, dates, customer, details, key, body):
        return {
            "vehicle_id": vehicle.id,
            "date_from": dates[0],
            "date_to": dates[1],
            **{f"customer_{name}": value for name, value in customer.items()},
            **details,
            "idempotency_key": key,
            "idempotency_body": body,
        }

    @api.model
    def _customer(self, customer):
        """The contact with this mail address, made if there is none; one that is there stays as it is."""
        partners = self.env["res.partner"]
        found = partners.search([("email_normalized", "=", customer["email"].lower())], limit=1)
        return found or partners.create(customer)
