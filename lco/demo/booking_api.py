"""The calls about single bookings, behind the key: reading them, the changes feed, and changes by customers.

Source: docs/odoo-contract.md, sections 4.3 and 4.4. In version 1 all of them are unknown.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from lco.demo.access import Access
from lco.demo.attempts import Attempts
from lco.demo.booking_service import BookingService
from lco.demo.bookings import Booking, Stay
from lco.demo.changes import ChangesFeed
from lco.demo.envelope import PRIVATE, as_json, refused, success
from lco.demo.events import plain, terms_of
from lco.demo.forms import AfterId, ChangeRequest, ChangesQuery, Days, GivingUp, loaded
from lco.demo.inventory import Inventory
from lco.demo.refusals import BadField, DatesTaken, Refusal


def booking_calls(
    inventory: Inventory, bookings: BookingService, attempts: Attempts, feed: ChangesFeed, access: Access
) -> Blueprint:
    """The blueprint of /api/fleet/booking/…, /bookings and /changes."""
    calls = Blueprint("bookings", __name__, url_prefix="/api/fleet")
    calls.register_error_handler(Refusal, _refused)
    calls.after_request(_kept_private)

    @calls.before_request
    def check() -> None:
        if inventory.business.contract == 1:
            abort(404)
        access.check_private()

    def shown(booking: Booking) -> dict[str, Any]:
        return booking_json(booking, inventory.on_record(booking.vehicle_id).name)

    _add_reading(calls, bookings, attempts, feed, shown)
    _add_changing(calls, bookings, attempts, shown)
    return calls


def _add_reading(
    calls: Blueprint,
    bookings: BookingService,
    attempts: Attempts,
    feed: ChangesFeed,
    shown: Callable[[Booking], dict[str, Any]],
) -> None:
    @calls.get("/booking/<ref>")
    def booking(ref: str) -> ResponseReturnValue:
        return success(data=shown(bookings.booking(ref)))

    @calls.get("/booking")
    def booking_by_key() -> ResponseReturnValue:
        key = request.args.get("idempotency_key")
        if not key:
            raise BadField("idempotency_key: this field is needed.")
        return success(data=shown(bookings.booking(attempts.answer("booking", key)["booking_ref"])))

    @calls.get("/bookings")
    def booking_list() -> ResponseReturnValue:
        asked = loaded(AfterId(), request.args.to_dict())
        found = [booking for booking in bookings.all() if booking.id > asked["after_id"]]
        page = found[: asked["limit"]]
        return success(data=[shown(booking) for booking in page], has_more=len(found) > len(page))

    @calls.get("/changes")
    def changes() -> ResponseReturnValue:
        asked = loaded(ChangesQuery(), request.args.to_dict())
        page = feed.after(asked.get("after"), asked["limit"])
        return success(data=page.rows, next_cursor=page.next_cursor, has_more=page.has_more)


def _add_changing(
    calls: Blueprint, bookings: BookingService, attempts: Attempts, shown: Callable[[Booking], dict[str, Any]]
) -> None:
    def once(answer: Callable[[], Booking]) -> ResponseReturnValue:
        key = request.headers.get("Idempotency-Key")
        if not key:
            raise BadField("Idempotency-Key: this header is needed.")
        asked = f"{request.path} {request.get_data(as_text=True)}"
        return attempts.once("change", key, asked, lambda: {"success": True, "data": shown(answer())})

    @calls.post("/booking/<ref>/quote")
    def quote(ref: str) -> ResponseReturnValue:
        asked = loaded(Days(), request.get_json(force=True, silent=True))
        quoted = bookings.quote(ref, Stay(asked["date_from"], asked["date_to"]))
        return success(
            data={
                "price_now": plain(quoted.price_now),
                "price_then": plain(quoted.price_then),
                "difference": plain(quoted.price_then - quoted.price_now),
                "currency": quoted.currency,
                "bookable": not quoted.reasons,
                "until": plain(bookings.changeable_until(bookings.booking(ref))),
                "reasons": as_json(quoted.reasons),
            }
        )

    @calls.post("/booking/<ref>/change")
    def change(ref: str) -> ResponseReturnValue:
        asked = loaded(ChangeRequest(), request.get_json(force=True, silent=True))
        stay = Stay(asked["date_from"], asked["date_to"])
        return once(lambda: bookings.change(ref, stay, asked["version"]))

    @calls.post("/booking/<ref>/cancel")
    def cancel(ref: str) -> ResponseReturnValue:
        asked = loaded(GivingUp(), request.get_json(force=True, silent=True))
        return once(lambda: bookings.give_up(ref, asked["reason"], asked["version"]))


def booking_json(booking: Booking, vehicle_name: str) -> dict[str, Any]:
    """A booking as its own call shows it."""
    terms = terms_of(booking)
    customer = {part: terms.pop(f"customer_{part}") for part in ("name", "email", "phone")}
    return {
        "booking_id": booking.id,
        "booking_ref": booking.ref,
        "version": booking.version,
        "state": booking.state,
        "holds_days": booking.holds_days,
        "vehicle_name": vehicle_name,
        **terms,
        "cancellation_reason": plain(booking.cancellation_reason),
        "picked_up_on": plain(booking.picked_up_on),
        "returned_on": plain(booking.returned_on),
        "customer": customer,
        "write_date": plain(booking.write_date),
    }


def _refused(refusal: Refusal) -> ResponseReturnValue:
    """The envelope, in which days that are taken have the code of docs/odoo-contract.md, section 4.4."""
    body, status, headers = refused(refusal)
    if isinstance(refusal, DatesTaken):
        body["error"] = "taken"
    return body, status, headers


def _kept_private(response: Response) -> Response:
    response.headers.update(PRIVATE)
    return response
