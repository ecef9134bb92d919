"""The API key, and the limit for writing calls without a key (docs/odoo-contract.md, section 4)."""

import hmac
from collections import defaultdict, deque
from threading import Lock

from flask import request

from lco import clock
from lco.demo.inventory import Inventory
from lco.demo.refusals import KeyRequired, NotJson, TooMany, Unauthorized

A_MINUTE = 60.0  # seconds


def key_state(wanted: str) -> str:
    """The state of the request's key: none (no key is set), accepted, missing or wrong."""
    given = request.headers.get("X-API-Key", "")
    if not wanted:
        return "none"
    if not given:
        return "missing"
    return "accepted" if hmac.compare_digest(wanted.encode(), given.encode()) else "wrong"


class Access:
    """The checks before a call; each raises a Refusal."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._lock = Lock()
        self._writes: defaultdict[str, deque[float]] = defaultdict(deque)

    def check_private(self) -> None:
        """For calls about bookings: KeyRequired where no key is set, Unauthorized without the right one."""
        state = key_state(self._inventory.business.api_key)
        if state == "none":
            raise KeyRequired("Set an API key in Odoo first: bookings are never open.")
        if state != "accepted":
            raise Unauthorized("A valid X-API-Key is needed.")

    def check_write(self) -> None:
        """For calls that book: the key where one is set, else JSON only and so many a minute."""
        business = self._inventory.business
        if business.api_key:
            self.check_private()
            return
        if request.mimetype != "application/json":
            raise NotJson("The request must be application/json.")
        self._count(request.remote_addr or "", business.writes_a_minute)

    def reset(self) -> None:
        """Forget all writing calls."""
        with self._lock:
            self._writes.clear()

    def _count(self, client: str, limit: int) -> None:
        with self._lock:
            now, writes = clock.seconds(), self._writes[client]
            while writes and writes[0] <= now - A_MINUTE:
                writes.popleft()
            if len(writes) >= limit:
                raise TooMany(int(writes[0] + A_MINUTE - now) + 1 if writes else int(A_MINUTE))
            writes.append(now)
