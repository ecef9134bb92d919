"""The site's own records of bookings and webhook deliveries."""

from lco.store import mails, models  # noqa: F401 - so that Base knows every table
from lco.store.session import Store

__all__ = ["Store"]
