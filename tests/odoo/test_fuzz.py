"""No call makes Odoo answer with a 500. `FUZZ=100000` runs longer, `FUZZ_SEED` begins elsewhere."""

import json
import os
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.odoo.days_ahead import ahead

CALLS = int(os.environ.get("FUZZ", "600"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
THREADS = 4
KEY = "the-key-of-these-tests"
ODD_TEXTS = (
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\ud800",
        "x" * 201,
        "x" * 6000,
        "é",
        "\u202e",
        "'; DROP TABLE fleet_vehicle; --",
        "%",
    ),
    *(
        "null",
        "-1",
        "0",
        "1e400",
        "NaN",
        "٣",
        "9" * 30,
        "true",
        "[]",
        "{}",
        "../../etc",
        "a@b",
        "a@b.example",
        "<b>",
    ),
)
ODD_DAYS = (
    *("0001-01-01", "9999-12-31", "9999-12-28", "3000-01-01", "2024-02-31", "2024-13-01", "2024-1-1", "soon"),
    *("1900-01-01", "2024-01-15T00:00:00", "\u0662\u0660\u0662\u0664-01-01"),
)
ODD_VALUES = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e400,
    2**31,
    2**63,
    2**70,
    [],
    {},
    [[[]]],
    {"a": {"b": "\0"}},
    *ODD_TEXTS,
)
GET = (
    *("vehicles", "filters", "calendar", "storefront", "version", "changes", "bookings", "booking"),
    *("vehicle/{id}", "vehicle/{id}/busy", "booking/{ref}"),
)
POST = ("availability", "booking", "booking/{ref}/quote", "booking/{ref}/change", "booking/{ref}/cancel")
NAMES = (
    *("limit", "offset", "brand_id", "fuel_type", "listing_type", "min_price", "max_price", "available_from"),
    *("available_to", "featured", "from", "to", "after", "after_id", "idempotency_key", "vehicle_id", "date_from"),
    *("date_to", "customer_name", "customer_email", "customer_phone", "booking_type", "pickup_location"),
    *("return_location", "message", "version", "reason", "db", "context"),
)
TYPES = (
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "",
    "image/png",
)


class Stranger:
    """Calls drawn from a seed: some nearly right, with one or two fields that are not."""

    def __init__(self, url: str, refs: list[str], seed: int) -> None:
        self._url = url
        self._refs = refs
        self._dice = random.Random(seed)
        self._session = requests.Session()

    def call(self) -> requests.Response:
        dice = self._dice
        method = dice.choice(("GET", "POST", "POST", "HEAD", "OPTIONS"))
        path = dice.choice(POST if method == "POST" else GET).format(id=self._id(), ref=self._ref())
        url = f"{self._url}/api/fleet/{path}"
        request = requests.Request(
            method, url, params=self._query(), headers=self._headers(), data=self._body(method)
        )
        return self._session.send(request.prepare(), timeout=60)

    def _id(self) -> object:
        return self._dice.choice((1, 2, 3, 4, 5, 999, 0, -1, 2**31, 2**40, "x", "1%00"))

    def _ref(self) -> str:
        return self._dice.choice((*self._refs, "BK-20240115-A1B2C3D4", "%00", "x" * 300, "%ed%a0%80", "..", "a b"))

    def _query(self) -> dict[str, object]:
        dice = self._dice
        names = dice.sample(NAMES, dice.randint(0, 4))
        return {name: _encodable(dice.choice((self._day(), self._day(), *ODD_TEXTS))) for name in names}

    def _headers(self) -> dict[str, str]:
        dice = self._dice
        headers = {
            "X-API-Key": dice.choice((KEY, KEY, "wrong", "é".encode().decode("latin-1"))),
            "Idempotency-Key": dice.choice(
                (str(dice.random()), "same", "x" * 250, "é".encode().decode("latin-1"))
            ),
            "Accept-Language": dice.choice(("en", "de-DE", "*", "x" * 100, "en_US")),
            "Content-Type": dice.choice((TYPES[0], TYPES[0], TYPES[0], *TYPES)),
        }
        return {name: headers[name] for name in dice.sample(list(headers), dice.randint(2, 4)) if headers[name]}

    def _body(self, method: str) -> bytes | None:
        dice = self._dice
        if method != "POST":
            return None
        start = dice.randint(0, 60)
        body: dict[str, object] = {
            "vehicle_id": dice.randint(1, 15),
            "date_from": str(ahead(start)),
            "date_to": str(ahead(start + dice.randint(1, 5))),
            "customer_name": "Ada",
            "customer_email": f"ada{dice.randint(1, 50)}@example.com",
            "customer_phone": "1",
            "version": dice.randint(1, 3),
            "reason": "Rain",
        }
        for _ in range(dice.randint(0, 2)):
            body[dice.choice(NAMES)] = dice.choice((self._day(), *ODD_VALUES))
        text = json.dumps(body)
        raw = (
            text.encode(),
            text.encode(),
            text.encode(),
            text.encode("utf-16"),
            text[:-3].encode(),
            b"\xff\xfe",
            b"[]",
        )
        return dice.choice((*raw[:3], *raw))

    def _day(self) -> str:
        return self._dice.choice((str(ahead(self._dice.randint(-3, 90))), *ODD_DAYS))


def _encodable(text: str) -> str | bytes:
    return text.encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def refs(odoo) -> list[str]:
    """The references of some bookings that the site may read."""
    odoo.set_parameter("api_key", KEY)
    odoo.call("fleet.vehicle", "write", [1, 2, 3], vals={"rental_buffer_days": 2})
    made = []
    for vehicle_id in range(1, 5):
        body = {"vehicle_id": vehicle_id, "date_from": str(ahead(70)), "date_to": str(ahead(73))}
        customer = {"customer_name": "Ada", "customer_email": "ada@example.com", "customer_phone": "1"}
        url, headers = f"{odoo.url}/api/fleet/booking", {"X-API-Key": KEY}
        made.append(
            requests.post(url, json={**body, **customer}, headers=headers, timeout=30).json()["booking_ref"]
        )
    return made


def test_no_call_ends_in_an_error_of_the_server(odoo, refs):
    def share(number: int) -> tuple[int, list[str]]:
        stranger, failed = Stranger(odoo.url, refs, SEED + number), []
        statuses = set()
        for _ in range(CALLS // THREADS):
            answer = stranger.call()
            statuses.add(answer.status_code)
            if answer.status_code >= 500:
                failed.append(f"{answer.request.method} {answer.request.url} {answer.request.body!r}")
        return len(statuses), failed

    with ThreadPoolExecutor(THREADS) as threads:
        shares = list(threads.map(share, range(THREADS)))
    failed = [one for _, fails in shares for one in fails]
    assert not failed, "\n".join(failed)
    assert min(kinds for kinds, _ in shares) > 3
    log = odoo.server.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3000]
