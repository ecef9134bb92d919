"""The number of calls of Odoo that a client, and all clients together, may cause, so that none can overload it.

A bucket holds tokens, one for each call, and fills up again at a steady rate. Work that is begun is finished: its
calls may take a bucket below zero, and then the client has to wait longer. Bookings, webhooks and what the site
reads by itself belong to no client and have no budget.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from lco import clock, metrics
from lco.errors import OdooError

CLIENT_TOKENS, CLIENT_RATE = 90.0, 2.0
"""A list whose pictures were never served takes 48, a calendar of an Odoo without /busy up to 32. Rates are tokens
a second."""
ALL_TOKENS, ALL_RATE = 300.0, 20.0
MAX_CLIENTS = 10_000


class BudgetExceeded(OdooError):
    """Raised instead of calling Odoo for a client that has caused too many calls."""

    status = 429
    code = "too_many_requests"
    message = "That was a lot at once. Please wait a few seconds and try again."


@dataclass(slots=True)
class Bucket:
    """Tokens as of `at`, in `clock.seconds`; never more than `most`, and `rate` more each second."""

    most: float
    rate: float
    tokens: float
    at: float

    def fill(self, now: float) -> float:
        """Add the tokens of the time that has passed, and return how many there are."""
        self.tokens = min(self.most, self.tokens + (now - self.at) * self.rate)
        self.at = now
        return self.tokens

    def seconds_to_next(self, now: float) -> float:
        """Return after how many seconds there is a token, 0 when there is one."""
        return max(0.0, (1 - self.fill(now)) / self.rate)


class CallBudget:
    """The buckets of all clients. Safe for threads. Clients whose bucket is full again are forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: OrderedDict[str, Bucket] = OrderedDict()
        self._all = Bucket(ALL_TOKENS, ALL_RATE, ALL_TOKENS, clock.seconds())

    def check(self, client: str) -> None:
        """Raise BudgetExceeded when `client`, or all clients together, have used up their calls."""
        now = clock.seconds()
        with self._lock:
            bucket = self._bucket(client, now)
            wait = max(bucket.seconds_to_next(now), self._all.seconds_to_next(now))
        if wait:
            metrics.refused.labels("odoo budget").inc()
            raise BudgetExceeded(retry_after=timedelta(seconds=max(1.0, wait)))

    def has_plenty(self, client: str) -> bool:
        """Whether at least half of the calls of `client` are left, and of those of all clients."""
        now = clock.seconds()
        with self._lock:
            return all(bucket.fill(now) >= bucket.most / 2 for bucket in (self._bucket(client, now), self._all))

    def spend(self, client: str) -> None:
        """Take the token of one call."""
        now = clock.seconds()
        with self._lock:
            for bucket in (self._bucket(client, now), self._all):
                bucket.fill(now)
                bucket.tokens -= 1

    def _bucket(self, client: str, now: float) -> Bucket:
        bucket = self._clients.setdefault(client, Bucket(CLIENT_TOKENS, CLIENT_RATE, CLIENT_TOKENS, now))
        self._clients.move_to_end(client)
        if len(self._clients) > MAX_CLIENTS:
            self._clients.popitem(last=False)
        return bucket


@dataclass(frozen=True, slots=True)
class Payer:
    """The client on whose behalf Odoo is called."""

    budget: CallBudget
    client: str

    def check(self) -> None:
        """Raise BudgetExceeded when the client has used up its calls."""
        self.budget.check(self.client)

    def can_pay(self) -> bool:
        """Whether the client may cause another call."""
        try:
            self.check()
        except BudgetExceeded:
            return False
        return True

    def has_plenty(self) -> bool:
        """Whether Odoo may be called for what the client has not asked for, so that its own calls come first."""
        return self.budget.has_plenty(self.client)

    def spend(self) -> None:
        """Take the token of one call."""
        self.budget.spend(self.client)


_payer: ContextVar[Payer | None] = ContextVar("payer", default=None)


def payer() -> Payer | None:
    """Return on whose behalf this thread works. None: the site's own."""
    return _payer.get()


@contextmanager
def charged_to(payer: Payer | None) -> Iterator[None]:
    """Within the block, this thread works on behalf of `payer`."""
    token = _payer.set(payer)
    try:
        yield
    finally:
        _payer.reset(token)
