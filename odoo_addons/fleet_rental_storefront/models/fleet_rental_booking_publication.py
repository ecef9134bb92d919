"""What the site is told when a booking changes: the events of docs/odoo-contract.md, sections 2 and 4.5."""

from odoo import api, models

from .fleet_rental_event import instant
from .fleet_rental_publication import CAUSE, PUBLISHED, SCHEDULED, plain

STEPS = {
    "confirmed": "booking.confirmed",
    "picked_up": "booking.picked_up",
    "returned": "booking.returned",
    "cancelled": "booking.cancelled",
}
# What a customer sees of a booking; staff's own fields are left out.
SEEN = (
    "state",
    "booking_type",
    "holds_days",
    "vehicle_id",
    "date_from",
    "date_to",
    "total_amount",
    "pickup_location",
    "return_location",
    "cancellation_reason",
    "picked_up_on",
    "returned_on",
    "customer_name",
    "customer_email",
    "customer_phone",
)
STEP_FIELDS = ("state", "holds_days", "cancellation_reason", "picked_up_on", "returned_on")
TERMS = ("state", "booking_type", "holds_days", "vehicle_id", "date_from", "date_to", "total_amount")


class FleetRentalBookingPublication(models.AbstractModel):
    """The side of a booking that its customer sees.

    The site is told of a booking of a published vehicle; once told, of all that becomes of it, for good.
    """

    _name = "fleet.rental.booking.publication"
    _inherit = "fleet.rental.tracked"
    _description = "Booking known to the website"

    @api.model_create_multi
    def create(self, vals_list):
        vehicle_ids = {vals["vehicle_id"] for vals in vals_list if vals.get("vehicle_id")}
        self.env["fleet.vehicle"].browse(vehicle_ids)._remember(parts=(PUBLISHED, SCHEDULED))
        bookings = super().create(vals_list)
        bookings._remember(new=True)
        bookings._remember_as_cause()
        return bookings

    def write(self, vals):
        vehicles = self.vehicle_id | self.env["fleet.vehicle"].browse(vals.get("vehicle_id") or [])
        vehicles._remember(parts=(PUBLISHED, SCHEDULED))
        self._remember()
        self._remember_as_cause()
        return super().write(vals)

    def unlink(self):
        self.vehicle_id._remember(parts=(PUBLISHED, SCHEDULED))
        self._tell_that_it_is_deleted()
        return super().unlink()

    def _remember_as_cause(self):
        cause = self.env.cr.precommit.data.setdefault(CAUSE, {})
        cause.update({booking.vehicle_id.id: booking.reference for booking in self.sudo()})

    def _snapshot_parts(self):
        return SEEN

    def _snapshot(self, parts):
        return {booking.id: {name: plain(booking[name]) for name in parts} for booking in self}

    def _tell(self, changed):
        bookings = self.browse(record_id for record_id, (_before, now) in changed.items() if now["state"])
        bookings._count_the_change([booking.id for booking in bookings if changed[booking.id][0]["state"] is None])
        rows = []
        for booking in bookings:
            line = {"kind": "booking", "res_id": booking.id, "booking_ref": booking.reference}
            line |= {"version": booking.version, "push": booking.is_told}
            for event_type, payload in booking._events(*changed[booking.id]):
                body = {"booking_ref": booking.reference, **booking._terms(), **payload}
                rows.append({**line, "event_type": event_type, "payload": body})
        self.env["fleet.rental.event"]._put(rows)

    def _count_the_change(self, new_ids):
        """One version more, but for new ones; and the site knows what belongs to a published vehicle."""
        self.env.cr.execute(
            """UPDATE fleet_rental_booking AS booking
                  SET version = version + CASE WHEN booking.id = ANY(%s) THEN 0 ELSE 1 END,
                      is_told = COALESCE(is_told OR vehicle.rental_published AND vehicle.active, false)
                 FROM fleet_vehicle AS vehicle
                WHERE vehicle.id = booking.vehicle_id AND booking.id = ANY(%s)""",
            [new_ids, self.ids],
        )
        self.invalidate_recordset(["version", "is_told"], flush=False)

    def _events(self, before, after):
        """The (event type, payload) of a change between two snapshots."""
        if before["state"] is None:
            yield "booking.created", {"customer_email": plain(self.customer_email)}
            before = {**after, "state": "draft"}
        step = STEPS.get(after["state"]) if after["state"] != before["state"] else None
        by_step = STEP_FIELDS if step else ()
        changes = {name: value for name, value in after.items() if value != before[name] and name not in by_step}
        if changes:
            yield "booking.modified", {"changes": {**changes, "currency": self.vehicle_id._rental_currency().name}}
        if step:
            yield step, self._step_payload(after["state"])

    def _step_payload(self, state):
        named = {
            "cancelled": ("cancellation_reason",),
            "picked_up": ("picked_up_on",),
            "returned": ("picked_up_on", "returned_on"),
        }
        return {name: plain(self[name]) for name in named.get(state, ())}

    def _terms(self):
        terms = {name: plain(self[name]) for name in TERMS}
        return {**terms, "currency": self.vehicle_id._rental_currency().name}

    def _tell_that_it_is_deleted(self):
        """Only the feed tells of it: what can be deleted is over, and its customer was told so."""
        rows = [
            {
                "kind": "booking",
                "res_id": booking.id,
                "booking_ref": booking.reference,
                "version": booking.version + 1,
                "event_type": "booking.cancelled",
                "deleted": True,
                "push": False,
            }
            for booking in self.sudo()
        ]
        self.env["fleet.rental.event"]._put(rows)
        self.env["fleet.rental.tombstone"].sudo().create([{"reference": row["booking_ref"]} for row in rows])

    def _data(self):
        """All that the site may read of the booking (docs/odoo-contract.md, section 4.3)."""
        self.ensure_one()
        texts = ("pickup_location", "return_location", "cancellation_reason", "picked_up_on", "returned_on")
        return {
            "booking_id": self.id,
            "booking_ref": self.reference,
            "version": self.version,
            **self._terms(),
            "vehicle_name": plain(self.vehicle_id.rental_public_name),
            **{name: plain(self[name]) for name in texts},
            "customer": {name: plain(self[f"customer_{name}"]) for name in ("name", "email", "phone")},
            "write_date": instant(self.write_date),
        }
