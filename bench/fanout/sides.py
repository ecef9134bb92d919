"""The two sides of the comparison, started and spoken to in the same way."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import requests

from bench.fanout import nchan, process
from bench.fanout.audience import Audience, RoundResult, audience
from bench.fanout.publisher import Publisher, Publishers, post
from lco import clock
from lco.webhooks.signature import sign
from tests import serving

FIRST_PRICE = 100
"""Prices are distinct and have three digits, so that all messages have the same size and none is like another."""
PUBLISHERS = 8
GLANCE = 0.1
"""Seconds in which a process at rest uses less than a tenth of the CPU."""
RESTLESS = 100


def words(price: int) -> str:
    """The text that only the message about this price holds: its sentence for the status line."""
    return f"new price, ${price} a day"


class Server(Protocol):
    """The server under test: its port, the process that does the work, and the requests that publish a price."""

    port: int
    worker: int
    pipelined: bool
    """Whether many requests may be sent at once on one connection: so is nchan's own time least."""

    def path(self, vehicle: int) -> str:
        """The stream about the vehicle."""

    def prepare(self, prices: Mapping[int, int]) -> None:
        """Prepare what is needed before these prices, by vehicle, may be published."""

    def requests(self, vehicles: Sequence[int], price: int) -> list[bytes]:
        """The requests that publish the price of these."""


class Site:
    """The site under gunicorn, with the demo Odoo behind it. Webhooks come as they do from Odoo, one by one."""

    pipelined = False

    def __init__(self, odoo: serving.Demo, server: serving.Server) -> None:
        self.port = server.port
        self.worker = server.worker
        self._odoo = odoo
        self._session = requests.Session()

    def path(self, vehicle: int) -> str:
        return f"/live?r=rates:{vehicle}"

    def prepare(self, prices: Mapping[int, int]) -> None:
        """Odoo has the prices already: the site asks it after each webhook, and would put others right again."""
        for vehicle, price in prices.items():
            address = f"{self._odoo.url}/demo/vehicles/{vehicle}"
            self._session.post(address, json={"rental_price_daily": price}, timeout=10).raise_for_status()

    def requests(self, vehicles: Sequence[int], price: int) -> list[bytes]:
        return [self._request(vehicle, price) for vehicle in vehicles]

    @staticmethod
    def _request(vehicle: int, price: int) -> bytes:
        payload = {"event_type": "price.updated", "vehicle_id": vehicle, "rental_price_daily": price}
        body = json.dumps({**payload, "currency": "USD"}).encode()
        headers = sign(serving.SECRET, f"bench-{uuid.uuid4()}", clock.now(), body)
        return post("/api/webhook/inventory", body, headers)


class ShortSite(Site):
    """The site with a shorter way in, see `bench.fanout.appending`: what the hub alone takes."""

    def prepare(self, prices: Mapping[int, int]) -> None:
        """Nothing: Odoo is not asked."""

    def requests(self, vehicles: Sequence[int], price: int) -> list[bytes]:
        return [post("/bench/prices", json.dumps(dict.fromkeys(vehicles, price)).encode())]


class Nchan:
    """nginx with nchan: a channel for each vehicle; what is published is the data of the site's own message."""

    pipelined = True

    def __init__(self, server: serving.Server, sample: str) -> None:
        self.port = server.port
        self.worker = server.worker
        self._data = "\n".join(re.findall(r"^data: (.*)$", sample, re.MULTILINE))

    def path(self, vehicle: int) -> str:
        return f"/streams/{vehicle}"

    def prepare(self, prices: Mapping[int, int]) -> None:
        """Nothing: it passes on what it is given."""

    def requests(self, vehicles: Sequence[int], price: int) -> list[bytes]:
        data = self._data.replace(f"${FIRST_PRICE}<", f"${price}<").replace(words(FIRST_PRICE), words(price))
        return [post(f"/publish/{vehicle}", data.encode()) for vehicle in vehicles]


class Side:
    """A server with its audience. Each event is a price that has not been there before."""

    def __init__(self, name: str, server: Server, listeners: Audience) -> None:
        self.name = name
        self.server = server
        self.before = self.opened = self.memory()
        self._listeners = listeners
        self._shown: list[int] = []
        self._price = FIRST_PRICE - 1

    @property
    def streams(self) -> int:
        return len(self._shown)

    def open(self, vehicles: Sequence[int]) -> None:
        """One more stream for each of `vehicles`."""
        self._listeners.open([self.server.path(vehicle) for vehicle in vehicles])
        self._shown += vehicles
        self.opened = self.memory()

    def memory(self) -> process.Memory:
        return process.memory(self.server.worker)

    def cpu(self) -> float:
        """Seconds of CPU that the serving process has used so far."""
        return process.cpu(self.server.worker)

    def rest(self) -> None:
        """Wait until the process does next to nothing, as nothing but the event shall be measured."""
        for _ in range(RESTLESS):
            before = self.cpu()
            time.sleep(GLANCE)
            if self.cpu() - before < GLANCE / 10:
                return
        print(f"  {self.name} did not come to rest.")

    def event(self, vehicle: int) -> RoundResult:
        """The messages of the streams about the vehicle after one event."""
        price = self._next([vehicle])
        (request,) = self.server.requests([vehicle], price)
        with Publisher(self.server.port) as publisher:
            return self._measure([vehicle], price, lambda: publisher.send(request))

    def burst(self, vehicles: Sequence[int]) -> RoundResult:
        """The messages of all streams after one event about each of `vehicles`, sent over several connections."""
        price = self._next(vehicles)
        sent = self.server.requests(vehicles, price)
        with Publishers(self.server.port, PUBLISHERS) as publishers:
            return self._measure(vehicles, price, lambda: publishers.send(sent, pipelined=self.server.pipelined))

    def _next(self, vehicles: Sequence[int]) -> int:
        self.rest()
        self._price += 1
        self.server.prepare(dict.fromkeys(vehicles, self._price))
        return self._price

    def _measure(self, vehicles: Sequence[int], price: int, publish: Callable[[], object]) -> RoundResult:
        about = frozenset(vehicles)
        numbers = [number for number, vehicle in enumerate(self._shown) if vehicle in about]
        return self._listeners.measure(words(price), numbers, publish)


@contextmanager
def short_site(more_vehicles: int) -> Iterator[Side]:
    """The site, where changes reach the hub directly."""
    with site(more_vehicles, "bench.fanout.appending:app", "the hub alone", ShortSite) as side:
        yield side


@contextmanager
def site(
    more_vehicles: int = 0, app: str = "wsgi:app", name: str = "the site", kind: type[Site] = Site
) -> Iterator[Side]:
    """The site, at rest but for what is measured: it looks at Odoo by itself only once an hour."""
    with (
        serving.demo("http://127.0.0.1:9", "--no-webhooks", "--vehicles", str(more_vehicles)) as odoo,
        TemporaryDirectory() as folder,
        serving.site(odoo.url, Path(folder), command=("gunicorn", app), RECONCILE_SECONDS="3600") as server,
        audience(server.port) as listeners,
    ):
        requests.get(f"{server.url}/equipment", timeout=30).raise_for_status()
        yield Side(name, kind(odoo, server), listeners)


@contextmanager
def beside(sample: str) -> Iterator[Side | None]:
    """nchan, to be sent messages like `sample`; None, said in words, when it is not installed."""
    with ExitStack() as stack:
        if not nchan.is_here():
            print(f"  Without yardstick: nginx with nchan is not here (Debian's package {nchan.PACKAGE}).")
            yield None
            return
        server = stack.enter_context(nchan.server())
        listeners = stack.enter_context(audience(server.port))
        yield Side("nchan", Nchan(server, sample), listeners)
