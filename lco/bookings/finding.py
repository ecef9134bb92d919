"""Find a booking again by what its customer knows of it; the link goes to the mail address alone."""

from lco.bookings.mapping import normalize_reference
from lco.bookings.unit_of_work import UnitOfWork
from lco.domain.mail_kind import MailKind


class BookingFinder:
    """Mails the links of bookings. Raises DatabaseUnavailable."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def mail_link(self, number: str, email: str) -> None:
        """Mail the link to `email` when `number`, Odoo's reference as typed, and `email` belong to one booking.

        The caller is not told which, so that neither numbers nor addresses can be tried out.
        """
        plain = "".join(number.split())
        with self._uow() as bookings:
            for reference in sorted({normalize_reference(plain), normalize_reference(plain.upper())}):
                for booking in bookings.by_reference(reference):
                    if booking.request.email and booking.request.email.casefold() == email.casefold():
                        bookings.mail(booking, MailKind.LINK)
