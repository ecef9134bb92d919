"""Which version of the contract Odoo speaks: asked once, and remembered for a while."""

import logging
import math
import threading
from datetime import timedelta
from typing import Protocol

from lco import clock
from lco.errors import OdooError

log = logging.getLogger(__name__)

REMEMBERED_FOR = timedelta(minutes=10)
NO_ANSWER_FOR = timedelta(seconds=10)
"""The pause before Odoo is asked again after no answer: pages of bookings ask, and must not wait each time."""
READING = 2
"""The version with calls that read bookings (docs/odoo-contract.md, section 4.3)."""


class Client(Protocol):
    """The part of `lco.odoo.client.OdooClient` that is needed here."""

    def contract(self) -> int:
        """The version. Raises OdooError."""


class Contract:
    """Without an API key Odoo shows no bookings in any version, so it is not asked then."""

    def __init__(self, client: Client, *, has_key: bool) -> None:
        self._client = client
        self._has_key = has_key
        self._lock = threading.Lock()
        self._version = 1
        self._ask_at = -math.inf

    def reads_bookings(self) -> bool:
        """Whether bookings and their changes can be read. While Odoo does not answer: as it was before."""
        if not self._has_key:
            return False
        with self._lock:
            now = clock.seconds()
            is_due = now >= self._ask_at
            if is_due:  # one caller asks; the others meanwhile take what is known
                self._ask_at = now + NO_ANSWER_FOR.total_seconds()
        if is_due:
            self._ask()
        return self._version >= READING

    def _ask(self) -> None:
        try:
            version = self._client.contract()
        except OdooError as error:
            log.warning("the version of odoo's contract is not known: %s", error.code)
            return
        with self._lock:
            self._version, self._ask_at = version, clock.seconds() + REMEMBERED_FOR.total_seconds()
