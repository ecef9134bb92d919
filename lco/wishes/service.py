"""Wishes as customers make them, and as the business looks at them."""

import re
import secrets
from collections import Counter
from datetime import timedelta
from typing import Protocol

from lco import clock
from lco.availability.rules import RentalRules
from lco.db import Database
from lco.domain.date_range import DAY, DateRange
from lco.domain.vehicle import Vehicle
from lco.domain.wish import Ending, Wanted, Wish, WishState
from lco.errors import NotFound
from lco.wishes.repository import WishRepository

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_UNCONFIRMED = 3
"""Mails that ask an address for its confirmation within DAY: the form takes any address."""
MOST_LIVE = 20
"""Wishes of one address at a time."""
SHOWN_BACK = timedelta(weeks=4)
MOST_SHOWN = 20


class Catalogue(Protocol):
    """The part of the catalogue that wishes need: see `lco.catalogue.service.Catalogue`."""

    def with_limits(self, vehicle_id: int) -> Vehicle:
        """The vehicle. Raises NotFound, Gone and OdooError."""


class Wishes:
    """Safe for threads and processes. Raises DatabaseUnavailable."""

    def __init__(self, db: Database, catalogue: Catalogue, rules: RentalRules) -> None:
        self._db = db
        self._catalogue = catalogue
        self._rules = rules

    def ask(self, vehicle_id: int, days: DateRange, email: str) -> None:
        """Have `email` asked by mail whether it wants to be told. The caller learns nothing of earlier wishes.

        Raises InvalidInput for days that cannot be rented, NotFound and Gone for the machine.
        """
        vehicle, address, now = self._catalogue.with_limits(vehicle_id), email.lower(), clock.now()
        self._rules.require_dates(vehicle, days)
        with self._db.connection() as connection:
            wishes = WishRepository(connection)
            wishes.lock(address)
            is_enough = (
                wishes.like(vehicle_id, days, address)
                or wishes.count(address, now - DAY) >= MOST_UNCONFIRMED
                or wishes.live(address) >= MOST_LIVE
            )
            if not is_enough:
                wishes.add(secrets.token_urlsafe(24), vehicle_id, vehicle.name, days, address, now)

    def by_token(self, token: str) -> Wish:
        """The wish with this secret. Raises NotFound."""
        wish = None
        if TOKEN.fullmatch(token):
            with self._db.connection() as connection:
                wish = WishRepository(connection).by_token(token)
        if wish is None:
            raise NotFound
        return wish

    def confirm(self, token: str) -> Wish:
        """The wish, which waits from now on. Raises NotFound."""
        wish = self.by_token(token)
        if wish.state is WishState.ASKED:
            with self._db.connection() as connection:
                WishRepository(connection).confirm(wish)
        return self.by_token(token)

    def stop(self, token: str) -> Wish:
        """The wish, which has ended. Raises NotFound."""
        wish = self.by_token(token)
        with self._db.connection() as connection:
            WishRepository(connection).end(wish, Ending.STOPPED)
        return self.by_token(token)

    def wanted(self) -> list[Wanted]:
        """The wishes for days that were taken, from SHOWN_BACK on, by machine and week; the most wanted first."""
        since = self._rules.today - SHOWN_BACK
        with self._db.connection() as connection:
            rows = WishRepository(connection).wanted(since)
        counts: Counter[tuple[str, str]] = Counter()
        for name, day, number in rows:
            counts[name, (day - DAY * day.weekday()).isoformat()] += number
        return [Wanted(name, week, number) for (name, week), number in counts.most_common(MOST_SHOWN)]
