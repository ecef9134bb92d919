"""The registry of all faults of this Odoo, each with a name and a sentence, and their switch.

A fault of the line is about whole calls, and one of them is in force at a time. Habits are about the words of
answers and webhooks, and about deliveries of webhooks; any number of them can be on.
"""

from dataclasses import asdict, dataclass
from threading import Condition
from typing import Any

SLOW_FOR = 2.0
HANG_FOR = 60.0
LATE_BY = 3.0
PLACES = ("everywhere", "answers", "webhooks")

CONNECTION_FAULTS = {
    "off": "Calls are answered.",
    "slow": "Calls are answered after some seconds.",
    "hang": "Calls are taken and never answered.",
    "reset": "The connection is reset before anything is done.",
    "lost": "The call is carried out and its answer is lost.",
    "dies": "The next writing call is carried out, then Odoo dies: no answer, and every later call is reset.",
    "errors": "Every call is answered with 500.",
    "html": "Every call is answered with a page of HTML and 200.",
    "nonsense": "Every answer is JSON that ends in the middle.",
    "down": "Every call is answered with 503 by a proxy.",
    "limited": "Every writing call is answered with 429 and Retry-After.",
}
MODES = tuple(CONNECTION_FAULTS)

HABITS = {
    "no_currency": "The currency is left out.",
    "float_noise": "Prices are written with the noise of binary fractions, as in 135.29999999999998.",
    "no_price": "Prices are 0: call for pricing.",
    "unknown_status": "The availability status is a word of this Odoo's own: inspection.",
    "unreadable_seats": 'The number of seats is "N/A".',
    "unreadable_price": 'The daily price is the text "1,250.00".',
    "unreadable_featured": 'Featured is "maybe".',
    "no_name": "The name of the machine is missing, so that the record cannot be read.",
    "short_list": "The list has only its first three machines.",
    "empty_list": "The list is empty.",
    "json_404": 'Unknown calls are answered with 404 {"success": false, "error": "not found"}.',
    "only_changes": "Webhooks of version 2 have only the terms that changed, as those of version 1 do.",
    "bare_webhooks": "Webhooks have only the name of the event and the record.",
    "plain_signature": "Webhooks carry only the plain signature: no id, no time.",
    "webhooks_late": "Webhooks are delivered some seconds late.",
    "webhooks_twice": "Webhooks are delivered twice.",
    "webhooks_reversed": "Webhooks of one record wait for each other, and the newest is delivered first.",
    "webhooks_dropped": "Webhooks are not delivered.",
}


@dataclass(frozen=True, eq=False)
class Fault:
    """A fault of the line, for calls whose path begins with `path`; `seconds` is how long slow and hang take."""

    mode: str = "off"
    seconds: float = 0.0
    path: str = "/api/"

    def touches(self, path: str) -> bool:
        """True when a call of this path shows the fault; when Odoo is down, its images are gone too."""
        return path.startswith(self.path) or (self.mode == "down" and path.startswith("/web/image/"))


@dataclass(frozen=True)
class Habit:
    """A habit that is on: in answers, in webhooks or in both, for all vehicles or one; `seconds` is how late."""

    where: str = "everywhere"
    vehicle_id: int | None = None
    seconds: float | None = None

    def shows_in(self, where: str) -> bool:
        """Whether the habit shows in `where`: answers or webhooks."""
        return self.where in ("everywhere", where)


class FaultSwitch:
    """The fault in force and the habits that are on. A new fault ends every wait for the old one."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._fault = Fault()
        self._habits: dict[str, Habit] = {}

    @property
    def fault(self) -> Fault:
        """The fault in force."""
        return self._fault

    @property
    def habits(self) -> dict[str, Habit]:
        """The habits that are on, by name."""
        return dict(self._habits)

    def set(self, mode: str, seconds: float | None = None, path: str = "/api/") -> Fault:
        """The new fault of the connection; without `seconds`, slow takes 2 and hang 60."""
        if seconds is None:
            seconds = {"slow": SLOW_FOR, "hang": HANG_FOR}.get(mode, 0.0)
        with self._changed:
            self._fault = Fault(mode, seconds, path)
            self._changed.notify_all()
            return self._fault

    def set_habit(self, name: str, *, on: bool = True, **reach: Any) -> None:
        """Turn a habit on, with where it shows and which vehicle has it, or off."""
        with self._changed:
            habits = dict(self._habits)
            habits.pop(name, None)
            if on:
                habits[name] = Habit(**reach)
            self._habits = habits

    def reset(self) -> None:
        """No fault and no habit."""
        self.set("off")
        self._habits = {}

    def wait(self, fault: Fault) -> None:
        """Wait for the fault's seconds, or until another one is in force."""
        with self._changed:
            self._changed.wait_for(lambda: self._fault is not fault, timeout=fault.seconds)

    def state(self) -> dict[str, Any]:
        """The fault and the habits as JSON."""
        return {"fault": vars(self._fault), "habits": {name: asdict(habit) for name, habit in self.habits.items()}}
