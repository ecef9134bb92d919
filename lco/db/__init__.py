"""The site's own records of bookings and webhook deliveries."""

from lco.db import mails, models  # noqa: F401 - so that Base knows every table
from lco.db.database import Database

__all__ = ["Database"]
