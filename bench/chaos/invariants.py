"""The invariants after the faults. Each check gives a sentence for each violation, none when all is well."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import requests
from sqlalchemy import create_engine, select, text, update

from bench.chaos.pages import differences, shown
from bench.chaos.parts import Parts
from bench.chaos.traffic import Record, Traffic
from lco import clock
from lco.db.mails import Mail
from lco.db.models import BookingRow, Delivery
from lco.mail.outbox import LEASE

CONVERGED_WITHIN = 70.0
STEP = timedelta(seconds=390)
"""By how much what waits is made older at a time: the longest lease, 5 minutes, and some more."""
STEPS = 8
UNDER_WAY = timedelta(seconds=30)
"""How long a process may be busy with what it has leased: a lease taken from it would be a fault of this check."""
OPEN = {"requested", "placing", "checking"}
IN_ODOO = {"booked": {"draft", "confirmed"}, "confirmed": {"confirmed"}, "cancelled": {"cancelled"}}
NOT_IN_ODOO = {"declined", "expired"}
BUSY_SECONDS = 60.0
"""How long a change from outside waits for SQLite."""
KILL_MATTERS = 10.0
"""A worker killed so shortly after the mail server took a mail may not have written that down, as the database may
have been away as long: the mail goes again."""
TAKEN_LATE = 5.0
"""A mail that is on its way when its worker is killed may be taken so many seconds later."""
FILES_MORE, THREADS_MORE, MEGABYTES_MORE = 20, 10, 60


WAITING = {
    BookingRow.__table__: ("due_at", "changed_at", "created_at"),
    Mail.__table__: ("due_at",),
    Delivery.__table__: ("due_at",),
}
"""The rows that have an instant at which they are looked at again."""


class Use(NamedTuple):
    """The resources of the serving process."""

    files: int
    threads: int
    megabytes: float


def use(pid: int) -> Use:
    folder = Path(f"/proc/{pid}")
    status = (folder / "status").read_text()

    def number(name: str) -> int:
        found = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
        assert found
        return int(found[1])

    return Use(len(list((folder / "fd").iterdir())), number("Threads"), number("VmRSS") / 1024)


Rows = list[dict[str, Any]]


class Tables:
    """The database of the sites, read from outside."""

    def __init__(self, parts: Parts) -> None:
        wait = {"timeout": BUSY_SECONDS} if parts.database.startswith("sqlite:") else {}
        self._engine = create_engine(
            parts.database.replace("postgresql:", "postgresql+psycopg:"), connect_args=wait
        )

    def rows(self, statement: str) -> Rows:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(statement)).mappings()]

    def grow_older(self, by: timedelta) -> None:
        """As if so much time had passed for everything that waits, and that no process has just begun with."""
        begun = clock.now() + LEASE - UNDER_WAY, clock.now() + LEASE
        with self._engine.begin() as connection:
            for table, columns in WAITING.items():
                # Read to the end before the first change: SQLite lets no open reading become a writing one.
                rows = connection.execute(select(table.c.id, *(table.c[name] for name in columns)))
                for row in rows.mappings().all():
                    older = {name: row[name] - by for name in columns if row[name]}
                    if row["due_at"] and not begun[0] < row["due_at"] <= begun[1]:
                        connection.execute(update(table).where(table.c.id == row["id"]).values(older))

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def tables(parts: Parts) -> Iterator[Tables]:
    opened = Tables(parts)
    try:
        yield opened
    finally:
        opened.close()


def pages_converge(parts: Parts, record: Record) -> list[str]:
    """Every open page shows what a page shows that is loaded now, and that shows what Odoo has."""
    until = time.monotonic() + CONVERGED_WITHIN
    chance = Random(0)
    while True:
        wrong = list(_wrong_pages(parts, record, chance))
        if not wrong or time.monotonic() > until:
            return wrong
        time.sleep(0.5)


def _wrong_pages(parts: Parts, record: Record, chance: Random) -> Iterator[str]:
    for site in parts.sites:
        yield from _list_is_not_as_odoo(parts, site.url)
    for page in record.pages:
        try:
            answer = requests.get(chance.choice(parts.sites).url + page.path, timeout=20)
        except requests.RequestException as error:
            yield f"{page.path} cannot be loaded: {type(error).__name__}"
            continue
        if not answer.ok:
            yield f"{page.path} is answered with {answer.status_code}"
        elif not page.shows:
            yield f"{page.path} has never been loaded"
        else:
            yield from differences(page, shown(answer.text, whole=True))


def _list_is_not_as_odoo(parts: Parts, url: str) -> Iterator[str]:
    fleet = "/api/fleet/vehicles?limit=100"
    try:
        theirs, ours = (requests.get(one + fleet, timeout=20).json() for one in (parts.odoo.url, url))
        names = ("id", "availability_status", "rental_price_daily")
        truth, shows = ({one["id"]: [one[n] for n in names] for one in said["data"]} for said in (theirs, ours))
    except (requests.RequestException, ValueError, KeyError) as error:
        yield f"{url}: the list cannot be read: {type(error).__name__}"
        return
    for number in truth.keys() | shows.keys():
        if truth.get(number) != shows.get(number):
            yield f"{url}: machine {number} is {shows.get(number)}, in Odoo {truth.get(number)}"


def settle(parts: Parts, traffic: Traffic, opened: Tables) -> None:
    """Let everything come to its end that only needs time, by making what waits in the database older."""
    _wait(lambda: not _on_their_way(parts, traffic), 75)
    for _ in range(STEPS):
        if _wait(lambda: not _unsettled(opened), 7):
            break
        opened.grow_older(STEP)


def _on_their_way(parts: Parts, traffic: Traffic) -> Iterable[str]:
    del parts
    traffic.note_deliveries()
    return [one["id"] for one in traffic.record.deliveries.values() if one["outcome"] in {"waiting", "retrying"}]


def _unsettled(opened: Tables) -> bool:
    states = ", ".join(f"'{state}'" for state in sorted(OPEN))
    return any(
        opened.rows(statement)
        for statement in (
            f"SELECT id FROM bookings WHERE state IN ({states})",
            "SELECT id FROM mails WHERE state = 'waiting'",
            "SELECT id FROM deliveries WHERE applied_at IS NULL AND due_at IS NOT NULL",
        )
    )


def _wait(condition: Callable[[], object], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(requests.RequestException):
            if condition():
                return True
        time.sleep(0.5)
    return False


def bookings_are_true(parts: Parts, record: Record, opened: Tables) -> Iterator[str]:
    """Answered as booked: in Odoo once. Accepted: in a final state that is true. Refused: not in Odoo."""
    rows = {row["customer_email"]: row for row in opened.rows("SELECT * FROM bookings")}
    made: dict[str, Rows] = {}
    for one in parts.odoo.state()["bookings"]:
        made.setdefault(one["customer_email"], []).append(one)
    for order in record.orders:
        theirs, row = made.get(order.email, []), rows.get(order.email)
        if len(theirs) > 1:
            yield f"{order.email} is in Odoo {len(theirs)} times"
        references = [one["booking_ref"] for one in theirs]
        if order.is_booked and references != [order.reference]:
            yield f"{order.email} was shown {order.reference}, and Odoo has {references}"
        if order.is_refused and theirs:
            yield f"{order.email} was refused with {order.statuses}, and Odoo has {theirs[0]['booking_ref']}"
        if order.is_accepted and row is None:
            yield f"{order.email} was answered {order.statuses}, and the site has no such booking"
        if row:
            yield from _untrue(order.email, row, theirs)


def _untrue(email: str, row: dict[str, Any], theirs: Rows) -> Iterator[str]:
    state = row["state"]
    if state in OPEN:
        yield f"{email} is still {state} (booking {row['id']}, {row['reason']!r})"
    if state in NOT_IN_ODOO and theirs:
        yield f"{email} is {state}, and Odoo has {theirs[0]['booking_ref']}"
    if state in IN_ODOO:
        found = [one["state"] for one in theirs]
        if not found or found[0] not in IN_ODOO[state]:
            yield f"{email} is {state}, and in Odoo {found or 'missing'}"
        elif (str(row["date_from"]), str(row["date_to"])) != (theirs[0]["date_from"], theirs[0]["date_to"]):
            yield f"{email}: the days are {row['date_from']} to {row['date_to']}, in Odoo {theirs[0]}"


def webhooks_are_applied(record: Record, opened: Tables) -> Iterator[str]:
    """Every webhook answered 200 is applied; that it is so once, its key in the table sees to."""
    rows = {row["id"]: row for row in opened.rows("SELECT id, result, applied_at FROM deliveries")}
    for one in record.deliveries.values():
        if one["outcome"] != "delivered":
            continue
        row = rows.get(one["id"])
        if row is None:
            yield f"webhook {one['id']} ({one['event_type']}) was answered 200 and is not there"
        elif row["applied_at"] is None or row["result"] not in {"applied", "unknown"}:
            yield f"webhook {one['id']} ({one['event_type']}) is {row['result']!r}"
    steps = opened.rows(
        "SELECT booking_id, to_state, count(*) AS times FROM booking_changes "
        "WHERE to_state IN ('booked', 'confirmed', 'cancelled') AND from_state <> to_state "
        "GROUP BY booking_id, to_state HAVING count(*) > 1"
    )
    for step in steps:
        yield f"booking {step['booking_id']} became {step['to_state']} {step['times']} times"


def mails_go_once(parts: Parts, opened: Tables) -> Iterator[str]:
    """Each mail that is due was taken by the mail server once."""
    for row in opened.rows("SELECT id, message, state, problem FROM mails WHERE state <> 'sent'"):
        if not row["problem"].startswith("more than"):
            yield f"mail {row['id']} ({row['message']}) is {row['state']}: {row['problem']!r}"
    taken_at: dict[str, list[float]] = {}
    for name, at in zip(parts.post.message_ids(), parts.post.taken_at, strict=True):
        taken_at.setdefault(name, []).append(at)
    for name, times in taken_at.items():
        for first in times[:-1]:
            if not any(-TAKEN_LATE <= killed - first <= KILL_MATTERS for killed in parts.killed_at):
                after = ", ".join(f"{time - first:.1f} s" for time in (*times, *parts.killed_at))
                yield f"mail {name} was sent {len(times)} times; sent and killed after {after}"
    sent = opened.rows("SELECT count(*) AS n FROM mails WHERE state = 'sent'")[0]["n"]
    if sent != len(taken_at):
        yield f"{sent} mails count as sent, and the mail server has {len(taken_at)}"


def nothing_is_left(parts: Parts, before: list[Use]) -> Iterator[str]:
    """No open file, thread or memory more than a process of this site needs."""
    for number, (site, was) in enumerate(zip(parts.sites, before, strict=True)):
        now = use(site.server.worker)
        if now.files > was.files + FILES_MORE:
            yield f"site {number} has {now.files} open files, {was.files} before"
        if now.threads > was.threads + THREADS_MORE:
            yield f"site {number} has {now.threads} threads, {was.threads} before"
        if now.megabytes > was.megabytes + MEGABYTES_MORE:
            yield f"site {number} has {now.megabytes:.0f} MB, {was.megabytes:.0f} MB before"


def no_file_is_left(parts: Parts) -> Iterator[str]:
    """After the sites have stopped, their temporary folder is empty."""
    left = Counter(path.name.rpartition("-")[0] or path.name for path in parts.temporary.iterdir())
    for name, times in left.items():
        yield f"{times} temporary files called {name}-… are left"
