"""Bookings: made, read and changed (docs/odoo-contract.md, sections 1, 4.3 and 4.4)."""

from odoo import http
from odoo.http import request

from ..exceptions import BookingUnknown
from . import fields
from .routing import KEYED, route, success
from .vehicles import published

KINDS = ("inquiry", "reservation", "test_drive")
MOST_AT_ONCE = 500


class BookingApi(http.Controller):
    @route("booking", "POST", readonly=False, writing=True)
    def book(self, **_query):
        """Make a booking; under an Idempotency-Key seen before, the answer of that time."""
        asked = fields.json_object()
        vehicle = published(fields.number(asked, "vehicle_id", least=1))
        dates = fields.day(asked, "date_from"), fields.day(asked, "date_to")
        customer = {
            "name": fields.text(asked, "customer_name", required=True),
            "email": fields.email(asked, "customer_email"),
            "phone": fields.text(asked, "customer_phone", required=True),
        }
        details = {
            "booking_type": fields.choice(asked, "booking_type", KINDS, "reservation"),
            "pickup_location": fields.text(asked, "pickup_location"),
            "return_location": fields.text(asked, "return_location"),
            "message": fields.text(asked, "message", longest=fields.LONGEST_TEXT),
        }
        answer = _bookings()._place(vehicle, dates, customer, details, *fields.idempotency(asked))
        return success(status=201, **answer)

    @route("booking", "GET", readonly=False, access=KEYED)
    def booking_by_key(self, **query):
        """The booking made under an idempotency key; waits for an attempt under way, so that a 404 is final."""
        key = fields.text(query, "idempotency_key", required=True)
        return success(data=_bookings()._data_by_key(key))

    @route("booking/<string:reference>", "GET", access=KEYED)
    def booking(self, reference, **_query):
        """One booking."""
        return success(data=_booking(reference)._data())

    @route("bookings", "GET", access=KEYED)
    def bookings(self, **query):
        """All bookings by rising `booking_id`, from the one after `after_id` on."""
        after = fields.number(query, "after_id", default=0)
        limit = min(fields.number(query, "limit", default=MOST_AT_ONCE, least=1), MOST_AT_ONCE)
        found = _bookings().search([*_of_the_company(), ("id", ">", after)], order="id", limit=limit + 1)
        page = found[:limit]
        return success(
            data=[booking._data() for booking in page],
            has_more=len(found) > limit,
        )

    @route("booking/<string:reference>/quote", "POST", access=KEYED)
    def quote(self, reference, **_query):
        """What other days would cost, and whether they can be had; the booking's own days are no obstacle."""
        asked = fields.json_object()
        return success(data=_booking(reference)._quote(*_dates(asked)))

    @route("booking/<string:reference>/change", "POST", readonly=False, access=KEYED, writing=True)
    def change(self, reference, **_query):
        """Move a booking for its customer."""
        asked = fields.json_object()
        booking = _booking(reference)
        version = fields.number(asked, "version", least=1)
        booking._change(*_dates(asked), version, fields.idempotency(asked, required=True))
        return _response(booking)

    @route("booking/<string:reference>/cancel", "POST", readonly=False, access=KEYED, writing=True)
    def cancel(self, reference, **_query):
        """Cancel a booking for its customer."""
        asked = fields.json_object()
        booking = _booking(reference)
        version = fields.number(asked, "version", least=1)
        booking._cancel(fields.text(asked, "reason"), version, fields.idempotency(asked, required=True))
        return _response(booking)


def _response(booking):
    """The booking with the version that this transaction gives it."""
    request.env.cr.flush()
    return success(data=booking._data())


def _bookings():
    return request.env["fleet.rental.booking"].sudo()


def _of_the_company():
    company = request.env["fleet.rental.storefront"]._current().company_id
    return [("company_id", "in", [False, company.id])]


def _booking(reference):
    """The booking with this reference. Raises BookingUnknown or BookingDeleted."""
    found = _bookings()._by_reference(reference)
    if found.company_id and found.company_id != request.env["fleet.rental.storefront"]._current().company_id:
        raise BookingUnknown(request.env._("There is no booking with this reference."))
    return found


def _dates(asked):
    return fields.day(asked, "date_from"), fields.day(asked, "date_to")
