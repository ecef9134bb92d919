"""The start of each business day, and the cut-off, as changes that open pages follow."""

from lco.availability.rules import RentalRules
from lco.changes.log import ChangeLog
from lco.changes.topics import BUSINESS_DAY, EventType


class BusinessDay:
    """Appends a change whenever another day becomes the first that can be booked, or a new day begins."""

    def __init__(self, rules: RentalRules, changes: ChangeLog) -> None:
        self._rules = rules
        self._changes = changes
        self._seen = self._present()

    def check(self) -> None:
        """Call every second. Of several processes one appends the change."""
        present = self._present()
        if present == self._seen:
            return
        self._seen = present
        if self._changes.claim(f"day:{present[0]}:{present[1]}"):
            self._changes.append(BUSINESS_DAY, EventType.DAY_CHANGED)

    def _present(self) -> tuple[str, str]:
        return self._rules.today.isoformat(), self._rules.first_start.isoformat()
