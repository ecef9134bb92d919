"""The errors of a booking that are not in `lco.errors` or `lco.odoo.errors`."""

from datetime import datetime

from lco.errors import DatesTaken, LcoError


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


class ChangeTaken(DatesTaken):
    """409: another booking has the machine on some of the new days."""

    code = "taken"
    message = "Some of these days are taken, so nothing was changed."


class NotChangeable(LcoError):
    """409: the booking is in a state in which its customer cannot change it, or Odoo cannot take changes."""

    status = 409
    code = "not_changeable"
    message = "This booking cannot be changed here. Please call us."


class ChangedMeanwhile(LcoError):
    """409: the booking was changed since the customer has seen it."""

    status = 409
    code = "version"
    message = "Your booking was changed meanwhile, so nothing was done. This is how it stands now."


class ChangeUnderWay(LcoError):
    """409: another change of the same booking has no outcome yet."""

    status = 409
    code = "under_way"
    message = "Another change of this booking is being made right now. Please wait until we know what came of it."


class ChangeTooLate(LcoError):
    """403: the customer could change the booking until `until`, when that is known."""

    status = 403
    code = "too_late"
    message = "It is too late to change this booking here. Please call us."

    def __init__(self, until: datetime | None = None) -> None:
        super().__init__()
        self.until = until


class PriceChanged(LcoError):
    """409: the price of the change is another one than the customer was shown."""

    status = 409
    code = "price_changed"
    message = "The price has changed. Nothing was done: here is the new price."


class NotChanged(LcoError):
    """503: Odoo never confirmed the change, and it turned out that it had not made it."""

    status = 503
    code = "not_changed"
    message = "Our booking system did not take this change, so nothing was changed. Please try again, or call us."
