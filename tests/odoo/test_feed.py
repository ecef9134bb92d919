"""The feed of changes while transactions overlap (docs/odoo-contract.md, section 4.3)."""

import socket
import time
from contextlib import contextmanager

import pytest
import requests

from tests.odoo import postgres_cluster

KEY = "the-key-of-these-tests"
WRITER = """
BEGIN;
INSERT INTO fleet_rental_event (event_type, kind, booking_ref, version, at, epoch, state)
SELECT 'booking.modified', 'booking', 'BK-LATE', 2, now() AT TIME ZONE 'UTC', epoch, 'unsent'
  FROM fleet_rental_event ORDER BY id DESC LIMIT 1;
"""


@pytest.fixture(scope="module")
def feed(odoo):
    odoo.set_parameter("api_key", KEY)
    odoo.change(1, rental_price_daily=151)
    return odoo


def changes(odoo, **query) -> dict:
    answer = requests.get(f"{odoo.url}/api/fleet/changes", params=query, headers={"X-API-Key": KEY}, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


@contextmanager
def open_transaction(database: str):
    """Another writer, whose row is not committed before the block ends."""
    with postgres_cluster.session(database) as writer:
        writer.stdin.write(WRITER + "\\echo written\n")
        writer.stdin.flush()
        assert writer.stdout.readline().strip() == "written"
        yield
        writer.communicate("COMMIT;\n", timeout=30)


def test_a_writer_that_commits_late_is_not_missed(feed):
    start = changes(feed)["next_cursor"]
    with open_transaction(feed.database):
        feed.change(2, rental_price_daily=461)
        held_back = changes(feed, after=start)
        assert held_back["data"] == []
        again = changes(feed, after=held_back["next_cursor"])
        assert again["data"] == []
    rows = changes(feed, after=again["next_cursor"])["data"]
    assert [row.get("booking_ref") or row["id"] for row in rows] == ["BK-LATE", 2]


def test_a_cursor_taken_during_a_write_is_before_that_write(feed):
    with open_transaction(feed.database):
        cursor = changes(feed)["next_cursor"]
    rows = changes(feed, after=cursor)["data"]
    assert "BK-LATE" in [row.get("booking_ref") for row in rows]


def test_a_site_that_is_slow_to_answer_a_webhook_does_not_hold_back_the_feed(feed):
    start = changes(feed)["next_cursor"]
    with slow_site() as url:
        feed.send_webhooks_to(url)
        feed.change(3, rental_price_daily=91)
        time.sleep(1)  # the webhook is under way now, for five seconds
        feed.change(4, rental_price_daily=61)
        rows = changes(feed, after=start)["data"]
    assert [row["id"] for row in rows] == [3, 4]


@contextmanager
def slow_site():
    """An address that takes every connection and answers none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_many_readers_and_writers_miss_nothing(feed):
    start = changes(feed)["next_cursor"]
    prices = list(range(100, 130))
    for price in prices:
        feed.change(5, rental_price_daily=price)
    seen, cursor = [], start
    while page := changes(feed, after=cursor, limit=7):
        seen += [row["version"] for row in page["data"] if row.get("id") == 5]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert len(seen) == len(prices)
    assert seen == sorted(set(seen))
