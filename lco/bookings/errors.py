"""What can go wrong with a booking beyond what `lco.errors` and `lco.odoo.errors` tell apart."""

from lco.errors import LcoError


class NotBooked(LcoError):
    """Odoo never answered, and it turned out that it had not booked."""

    status = 503
    code = "not_booked"
    message = "Our booking system did not take this booking, so nothing was booked. Please book again, or call us."


class AlreadyRequested(LcoError):
    """The mail address has a booking of the same days already, made with another name or phone."""

    status = 409
    code = "already_requested"
    message = (
        "This email address has a booking of this machine for these days already. Nothing was booked again: "
        "we have emailed the link of that booking to the address."
    )
