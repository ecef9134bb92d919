"""Days of the business, counted from today."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from lco import clock


def ahead(days: int) -> date:
    return clock.today(ZoneInfo("America/Chicago")) + timedelta(days=days)
