"""What customers do with bookings by way of the website: place, look up, quote, change, cancel."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, models
from odoo.tools import mute_logger
from psycopg2.errors import ExclusionViolation, UniqueViolation

from ..exceptions import (
    BookingDeleted,
    BookingUnknown,
    DatesTaken,
    KeyReused,
    Refusal,
    StateConflict,
    TooLate,
    VersionConflict,
)
from .fleet_rental_schedule import refuse

DONE_STATES = {"returned", "cancelled"}
# Of a machine that is out only the return can move, so nothing is said of its first day.
OF_THE_FIRST_DAY = {"too_soon", "too_far", "closed_start", "in_maintenance", "not_for_rent"}


class FleetRentalSelfService(models.AbstractModel):
    """Bookings as customers may make and change them: no more than the website's calls allow."""

    _name = "fleet.rental.self.service"
    _description = "Booking in the hands of its customer"

    @api.model
    def _place(self, vehicle, dates, customer, details, key=None, body=None):
        """The answer to a customer's booking, new or, for an idempotency key seen before, the one made then.

        `dates` are (date_from, date_to), `customer` has name, email and phone, `body` identifies the request that
        came with `key`. Raises Refusal, DatesTaken or KeyReused, and then has changed nothing.
        """
        self._lock_key(key)
        if made := self._made_before(key, body):
            return made._answer()
        # In line for this machine, so that of many requests at once none ends in a deadlock.
        self.env.cr.execute("SELECT pg_advisory_xact_lock(hashtext('fleet_rental_booking'), %s)", [vehicle.id])
        vehicle._check_rental(*dates)
        values = self._placed_values(vehicle, dates, customer, details, key, body)
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                booking = self.create({**values, "partner_id": self._customer(customer).id})
        except (ExclusionViolation, UniqueViolation) as error:
            # The other one was committed after this transaction began, so only a new one can see it.
            with self.env.registry.cursor() as cr:
                made = self.with_env(self.env(cr=cr))._made_before(key, body)
                if made:
                    return made._answer()
            raise DatesTaken(self.env._("The machine is not available on these dates.")) from error
        self.env["fleet.rental.storefront"]._current()._announce(booking)
        return booking._answer()

    def _answer(self):
        return {
            "booking_ref": self.reference,
            "booking_id": self.id,
            "message": self.env._("Your booking request has been received. We will confirm it shortly."),
            "estimated_price": self.total_amount,
            "currency": self.vehicle_id._rental_currency().name,
        }

    @api.model
    def _lock_key(self, key):
        """Wait until no other transaction works under this idempotency key, and keep it until this one ends."""
        if key:
            self.env.cr.execute("SELECT pg_advisory_xact_lock(hashtext('fleet_rental_key'), hashtext(%s))", [key])

    @api.model
    def _made_before(self, key, body):
        made = self.search([("idempotency_key", "=", key)]) if key else self.browse()
        if made and made.idempotency_body != body:
            raise KeyReused(self.env._("This Idempotency-Key was used for another request."))
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
        """The contact of this company with this address, made if there is none; one that is there is not changed.

        Requests with one address wait for each other, so that each address has one contact.
        """
        address = customer["email"].lower()
        self.env.cr.execute(
            "SELECT pg_advisory_xact_lock(hashtext('fleet_rental_customer'), hashtext(%s))", [address]
        )
        company = self.env["fleet.rental.storefront"]._current().company_id
        known = [("email_normalized", "=", address), ("company_id", "in", [False, company.id])]
        partners = self.env["res.partner"].with_context(active_test=False)
        found = partners.search(known, order="active desc, id", limit=1)
        return found or partners.create(customer)

    # Looking up (docs/odoo-contract.md, section 4.3)

    @api.model
    def _by_reference(self, reference):
        """Raises BookingUnknown or BookingDeleted."""
        found = self.search([("reference", "=", reference)])
        if found:
            return found
        if self.env["fleet.rental.tombstone"].sudo().search_count([("reference", "=", reference)]):
            raise BookingDeleted(self.env._("This booking was deleted."))
        raise BookingUnknown(self.env._("There is no booking with this reference."))

    @api.model
    def _data_by_key(self, key):
        """The booking made under this key. Waits for an attempt under way. Raises BookingUnknown."""
        self._lock_key(key)
        # What that attempt has committed is seen by a transaction that begins now.
        with self.env.registry.cursor() as cr:
            made = self.with_env(self.env(cr=cr)).search([("idempotency_key", "=", key)])
            if made:
                return made._data()
        raise BookingUnknown(self.env._("No booking was made under this key."))

    # Changing (docs/odoo-contract.md, section 4.4)

    def _quote(self, date_from, date_to):
        """What other days would cost, and why they cannot be had."""
        reasons = self._change_reasons(date_from, date_to)
        if self._is_too_late():
            reasons.append({"code": "too_late", "message": self.env._("This booking cannot be changed any more.")})
        now, then = self.total_amount, self._price_for(date_from, date_to)
        currency = self.vehicle_id._rental_currency()
        return {
            "booking_ref": self.reference,
            "version": self.version,
            "date_from": str(date_from),
            "date_to": str(date_to),
            "price_now": now,
            "price_then": then,
            "difference": currency.round(then - now),
            "currency": currency.name,
            "bookable": not reasons,
            "reasons": reasons,
            "until": self._until_text(),
        }

    def _change(self, date_from, date_to, version, request):
        """Move the booking. Raises TooLate, VersionConflict, DatesTaken (code `taken`) or Refusal."""
        if self._seen_before(request):
            return
        self._check_version(version)
        self._check_in_time()
        if self.state == "picked_up" and (date_from != self.date_from or date_to <= self._today()):
            raise self._too_late()
        try:
            refuse(self._change_reasons(date_from, date_to))
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                self.write(self._moved(date_from, date_to))
                self.flush_recordset()
        except (ExclusionViolation, DatesTaken) as error:
            message = self.env._("The machine is not available on these dates.")
            raise DatesTaken(message, "taken", reasons=getattr(error, "details", {}).get("reasons", [])) from error

    def _moved(self, date_from, date_to):
        values = {"date_from": date_from, "date_to": date_to}
        if self.price_agreed:
            values |= {"total_amount": self._price_for(date_from, date_to), "price_agreed": True}
        return values

    def _cancel(self, reason, version, request):
        """Cancel it. Raises TooLate or VersionConflict."""
        if self._seen_before(request):
            return
        self._check_version(version)
        self._check_in_time()
        if self.state == "picked_up":
            raise self._too_late()
        self.action_cancel(reason or self.env._("Cancelled by the customer"))

    def _seen_before(self, request):
        """Whether this request, as (idempotency key, digest of its body), was carried out. Raises KeyReused."""
        self._lock_key(request[0])
        return self.env["fleet.rental.request"].sudo()._is_repeated(*request, self)

    def _check_version(self, version):
        """Raises VersionConflict. Other changes of this booking wait until this transaction ends."""
        self.env.cr.execute("SELECT FROM fleet_rental_booking WHERE id = %s FOR UPDATE", [self.id])
        if self.version != version:
            message = self.env._("This booking was changed meanwhile.")
            raise VersionConflict(message, version=self.version)

    def _change_reasons(self, date_from, date_to):
        if date_to <= date_from:
            raise Refusal(self.env._("The end date must be after the start date."))
        reasons = self.vehicle_id._rental_reasons(date_from, date_to, besides=self)
        if self.state != "picked_up":
            return reasons
        return [reason for reason in reasons if reason["code"] not in OF_THE_FIRST_DAY]

    def _price_for(self, date_from, date_to):
        """What these days cost; of an agreed price, the difference that the rates make is added."""
        rates = self.vehicle_id._rental_price((date_to - date_from).days)
        if not self.price_agreed:
            return rates
        return max(self.vehicle_id._rental_currency().round(self.total_amount + rates - self._price_by_rates()), 0)

    def _check_in_time(self):
        if self.state in DONE_STATES:
            raise StateConflict(self.env._("This booking is over."))
        if self._is_too_late():
            raise self._too_late()

    def _is_too_late(self):
        """After the last hour for it, or once it is over; what is out can be extended until it is due."""
        if self.state == "picked_up":
            return self.is_overdue
        return self.state in DONE_STATES or datetime.now(UTC) > self._changeable_until()

    def _until_text(self):
        """The instant of `_changeable_until` as the API writes it (ISO 8601, UTC)."""
        return self._changeable_until().isoformat().replace("+00:00", "Z")

    def _changeable_until(self):
        """The last instant at which the customer may change it: some hours before the first day."""
        storefront = self.env["fleet.rental.storefront"]._current()
        begins = datetime.combine(self.date_from, time(), ZoneInfo(storefront._timezone()))
        return begins.astimezone(UTC) - timedelta(hours=storefront.change_hours)

    def _too_late(self):
        until = self._until_text()
        return TooLate(self.env._("This booking cannot be changed any more."), until=until)
