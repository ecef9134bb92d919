"""The database: tables, types, migrations, and the way to open a transaction.

What a row means belongs to the package that reads it: `lco.bookings`, `lco.webhooks`, `lco.mail`.
"""

from lco.db import change_requests, mails, models, wishes  # noqa: F401 - so that Base knows every table
from lco.db.database import Database

__all__ = ["Database"]
