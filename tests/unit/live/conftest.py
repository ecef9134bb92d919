"""A hub on a real log, with regions that count their renderings and connections that record their messages."""

import contextlib
import queue
import threading
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from lco.changes.log import MemoryLog
from lco.live.hub import Hub
from lco.live.rendering import mark_stale
from lco.odoo.budget import payer
from tests.serving import PATIENCE

SAW = {"vehicle_id": 1, "vehicle_name": "Saw", "availability_status": "rented"}


def rented(changes, vehicle_id=1):
    return changes.append(f"vehicle:{vehicle_id}", "availability.changed", SAW | {"vehicle_id": vehicle_id})


def shown(hub, changes, client, *regions):
    """Open a page that is up to date; it receives what follows."""
    hub.subscribe_page(client, regions, changes.head())
    assert client.next() == {"id": str(changes.head())}
    return client


class Sink:
    """A client: what it was sent, one message after the other. It refuses everything once it is `full`."""

    def __init__(self):
        self.messages = queue.Queue()
        self.ended = threading.Event()
        self.last = None
        self.full = False

    def send(self, message):
        if self.full:
            return False
        self.messages.put(message.decode())
        return True

    def close(self, last=b""):
        self.last = last
        self.ended.set()

    def next(self):
        """The next message as a dictionary of its fields, data lines joined."""
        message = self.messages.get(timeout=PATIENCE)
        assert message.endswith("\n\n")
        fields = {}
        for line in message.removesuffix("\n\n").split("\n"):
            name, _, value = line.partition(": ")
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
        return fields

    def gets_nothing(self):
        """Whether nothing waits; to be asked when something that comes later has been seen."""
        return self.messages.empty()


@dataclass
class Region:
    """A region whose HTML is its name and how often it was rendered. A slow one waits until it is let."""

    name: str
    topics: frozenset
    slow: bool = False
    broken: bool = False
    stale: bool = False
    is_old: bool = False
    payers: list = field(default_factory=list)
    renderings: int = 0
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    let: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def element_id(self):
        return self.name.replace(":", "-")

    def html(self):
        self.renderings += 1
        if payer():
            self.payers.append(payer())
        if self.stale:
            mark_stale()
        number = self.renderings
        if self.slow:
            self.begun.release()
            assert self.let.acquire(timeout=PATIENCE)
        if self.broken:
            raise RuntimeError("this region is broken")
        return f"<p>{self.name} {number}</p>"


@pytest.fixture
def region():
    def build(name, *topics, **more):
        return Region(name, frozenset(topics or {name.replace("card", "vehicle")}), **more)

    return build


@pytest.fixture
def connection():
    return Sink


@pytest.fixture
def changes():
    return MemoryLog()


@pytest.fixture
def hub(changes):
    hub = Hub(contextlib.nullcontext, changes)
    yield hub
    hub.close()
    assert hub.wait_until_closed(timedelta(seconds=PATIENCE))
