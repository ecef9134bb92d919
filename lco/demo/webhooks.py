"""The background sender of webhooks: in order for each vehicle, signed, retried, and remembered for the page."""

import itertools
import json
import logging
import uuid
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime
from threading import Condition, Thread

import requests

from lco import clock
from lco.demo import signature
from lco.demo.events import Event

log = logging.getLogger(__name__)

ANSWER_WITHIN = 5.0  # seconds
ACCEPTED = range(200, 300)
REMEMBERED = 200
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Patience:
    """How long a delivery is retried: the first pause and the longest one in seconds, and the number of tries."""

    first_pause: float = 0.5
    longest_pause: float = 30.0
    tries: int = 10

    def pause_after(self, tries: int) -> float:
        """Seconds to wait after that many failed tries: doubling, up to the longest."""
        return min(self.first_pause * 2.0 ** (tries - 1), self.longest_pause)


@dataclass
class Delivery:
    """One event on its way; `due` is a reading of `clock.seconds`, before which it is not tried again."""

    vehicle_id: int
    path: str
    event_type: str
    body: bytes
    id: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex}")
    created: datetime = field(default_factory=clock.now)
    number: int = field(default_factory=lambda: next(_numbers))
    due: float = 0.0
    tries: int = 0
    outcome: str = "waiting"  # then delivered, retrying or failed
    answer: str = ""


class Sender:
    """One thread and one queue for each vehicle: a retry holds up later events of its own vehicle only.

    `site` is the address of the shop, `secret` the shared one for signatures. With `enabled` off, events are
    dropped. Raises binascii.Error when the secret promises base64 and is not.
    """

    def __init__(self, site: str, secret: str, patience: Patience | None = None, *, enabled: bool = True) -> None:
        signature.standard_key(secret)
        self._site = site.rstrip("/")
        self._secret = secret
        self._patience = patience or Patience()
        self._enabled = enabled
        self._changed = Condition()
        self._closed = False
        self._queues: defaultdict[int, deque[Delivery]] = defaultdict(deque)
        self._remembered: deque[Delivery] = deque(maxlen=REMEMBERED)
        self._thread = Thread(target=self._run, name="demo-webhooks", daemon=True)
        self._thread.start()

    def publish(self, vehicle_id: int, event: Event) -> None:
        """Queues the event and returns at once."""
        if not self._enabled:
            return
        delivery = Delivery(vehicle_id, _path(event), event["event_type"], json.dumps(event).encode())
        with self._changed:
            self._queues[vehicle_id].append(delivery)
            self._remembered.appendleft(delivery)
            self._changed.notify()

    def deliveries(self) -> list[Delivery]:
        """The most recent deliveries, newest first."""
        with self._changed:
            return list(self._remembered)

    def clear(self) -> None:
        """Forgets what was sent and drops what was not."""
        with self._changed:
            self._queues.clear()
            self._remembered.clear()

    def close(self) -> None:
        """Ends the thread; what is still queued is not sent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(ANSWER_WITHIN)

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # The shop stands next door: a proxy from the environment is in the way.
            while delivery := self._next():
                accepted, answer = self._send(session, delivery)
                self._settle(delivery, answer, accepted=accepted)

    def _next(self) -> Delivery | None:
        """Waits for the first delivery that is due; None when the sender is closed."""
        with self._changed:
            while not self._closed:
                heads = [queue[0] for queue in self._queues.values()]
                first = min(heads, key=lambda delivery: (delivery.due, delivery.number), default=None)
                if first and first.due <= clock.seconds():
                    return first
                self._changed.wait(first.due - clock.seconds() if first else None)
            return None

    def _send(self, session: requests.Session, delivery: Delivery) -> tuple[bool, str]:
        """Whether the site took it, and what it answered in words."""
        stamp = int(clock.now().timestamp())
        headers = signature.headers(self._secret, delivery.id, stamp, delivery.body)
        headers["Content-Type"] = "application/json"
        try:
            answer = session.post(
                self._site + delivery.path,
                data=delivery.body,
                headers=headers,
                timeout=ANSWER_WITHIN,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return False, type(error).__name__
        return answer.status_code in ACCEPTED, f"{answer.status_code} {answer.reason}"

    def _settle(self, delivery: Delivery, answer: str, *, accepted: bool) -> None:
        delivery.tries += 1
        delivery.answer = answer
        if accepted:
            delivery.outcome = "delivered"
        elif delivery.tries >= self._patience.tries:
            delivery.outcome = "failed"
            log.warning("Webhook %s given up after %d tries: %s", delivery.id, delivery.tries, answer)
        else:
            delivery.outcome = "retrying"
            delivery.due = clock.seconds() + self._patience.pause_after(delivery.tries)
            return
        self._finish(delivery)

    def _finish(self, delivery: Delivery) -> None:
        with self._changed:
            queue = self._queues.get(delivery.vehicle_id)
            # Somebody may have cleared the queues while this delivery was on the wire.
            if queue and queue[0] is delivery:
                queue.popleft()
                if not queue:
                    del self._queues[delivery.vehicle_id]


def _path(event: Event) -> str:
    kind = "booking" if event["event_type"].startswith("booking.") else "inventory"
    return f"/api/webhook/{kind}"
