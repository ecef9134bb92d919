"""The reasons for which the demo Odoo says no, in words of the rental business."""


class Refusal(Exception):
    """The request was understood and turned down; `str()` of it is the message for people."""

    code = "refused"


class BadField(Refusal):
    """A field is missing or holds something that cannot be."""

    code = "invalid_field"


class UnknownVehicle(Refusal):
    """No such vehicle, or it was removed."""

    code = "vehicle_not_found"


class UnknownBooking(Refusal):
    """No booking carries this reference."""

    code = "booking_not_found"


class DatesTaken(Refusal):
    """Another live booking, maintenance or a sale stands in the way of these dates."""

    code = "not_available"


class WrongDateFormat(ValueError):
    """A date that is not YYYY-MM-DD, which the real Odoo is known to answer with 500 (contract section 1)."""
