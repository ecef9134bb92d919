"""The background sender of webhooks: in order for each record, signed, retried, and remembered for the page."""

import itertools
import json
import logging
import uuid
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Condition, Thread

import requests

from lco import clock
from lco.demo import signature
from lco.demo.events import Event
from lco.demo.faults import LATE_BY, FaultSwitch
from lco.demo.habits import Habits

log = logging.getLogger(__name__)

ANSWER_WITHIN = 5.0  # seconds
ACCEPTED = range(200, 300)
REMEMBERED = 200
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Patience:
    """The retries of a delivery: the first pause and the longest one in seconds, and the number of tries."""

    first_pause: float = 0.5
    longest_pause: float = 30.0
    tries: int = 10

    def pause_after(self, tries: int) -> float:
        """Seconds to wait after that many failed tries: doubling, up to the longest."""
        return min(self.first_pause * 2.0 ** (tries - 1), self.longest_pause)


@dataclass(eq=False)
class Delivery:
    """One event on its way; `due` is a reading of `clock.seconds`, before which it is not tried again."""

    record: str
    path: str
    event_type: str
    body: bytes
    id: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex}")
    created: datetime = field(default_factory=clock.now)
    number: int = field(default_factory=lambda: next(_numbers))
    due: float = 0.0
    tries: int = 0
    outcome: str = "waiting"  # then delivered, retrying, failed or dropped
    answer: str = ""


class Sender:
    """One thread and one queue for each record: a retry holds up later events of its own record only.

    `site` is the address of the shop, `secret` the shared one for signatures, `switch` says which habits are on.
    With `enabled` off, events are dropped. Raises binascii.Error when the secret promises base64 and is not.
    """

    def __init__(
        self,
        site: str,
        secret: str,
        switch: FaultSwitch,
        patience: Patience | None = None,
        *,
        enabled: bool = True,
    ) -> None:
        signature.standard_key(secret)
        self._site = site.rstrip("/")
        self._secret = secret
        self._switch = switch
        self._habits = Habits(switch)
        self._patience = patience or Patience()
        self._enabled = enabled
        self._changed = Condition()
        self._closed = False
        self._queues: defaultdict[str, deque[Delivery]] = defaultdict(deque)
        self._remembered: deque[Delivery] = deque(maxlen=REMEMBERED)
        self._thread = Thread(target=self._run, name="demo-webhooks", daemon=True)
        self._thread.start()

    def publish(self, event: Event, contract: int) -> None:
        """Queue the event, worded as this version of the contract has it, and return at once."""
        habits = self._switch.habits
        body = event.body(contract, terms="only_changes" not in habits)
        if not self._enabled or body is None:
            return
        worded = json.dumps(self._habits.webhook(body)).encode()
        delivery = Delivery(event.record, _path(event), event.event_type, worded)
        if "webhooks_late" in habits or "webhooks_reversed" in habits:
            late = habits.get("webhooks_late") or habits["webhooks_reversed"]
            delivery.due = clock.seconds() + (LATE_BY if late.seconds is None else late.seconds)
        if "webhooks_dropped" in habits:
            delivery.outcome = "dropped"
        with self._changed:
            self._remembered.appendleft(delivery)
            if delivery.outcome == "waiting":
                self._line_up(delivery, newest_first="webhooks_reversed" in habits)

    def _line_up(self, delivery: Delivery, *, newest_first: bool) -> None:
        queue = self._queues[delivery.record]
        copies = [delivery]
        if "webhooks_twice" in self._switch.habits:
            copies.append(replace(delivery, number=next(_numbers)))
            self._remembered.appendleft(copies[1])
        if newest_first:
            queue.extendleft(copies)
        else:
            queue.extend(copies)
        self._changed.notify()

    def deliveries(self) -> list[Delivery]:
        """The most recent deliveries, newest first."""
        with self._changed:
            return list(self._remembered)

    def clear(self) -> None:
        """Forget all deliveries and drop those that wait."""
        with self._changed:
            self._queues.clear()
            self._remembered.clear()

    def close(self) -> None:
        """End the thread; deliveries that still wait are not sent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(ANSWER_WITHIN)

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # The shop runs on this machine: no proxy of the environment may be used.
            while delivery := self._next():
                accepted, answer = self._send(session, delivery)
                self._settle(delivery, answer, accepted=accepted)

    def _next(self) -> Delivery | None:
        """Wait for the first delivery that is due. Returns None when the sender is closed."""
        with self._changed:
            while not self._closed:
                heads = [queue[0] for queue in self._queues.values()]
                first = min(heads, key=lambda delivery: (delivery.due, delivery.number), default=None)
                if first and first.due <= clock.seconds():
                    return first
                self._changed.wait(first.due - clock.seconds() if first else None)
            return None

    def _send(self, session: requests.Session, delivery: Delivery) -> tuple[bool, str]:
        """True when the site accepted it, and the site's answer in words."""
        stamp = int(clock.now().timestamp())
        headers = signature.headers(self._secret, delivery.id, stamp, delivery.body)
        if "plain_signature" in self._switch.habits:
            headers = {signature.PLAIN: headers[signature.PLAIN]}
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
            queue = self._queues.get(delivery.record)
            # The queues may have been cleared while this delivery was on the wire.
            if queue and delivery in queue:
                queue.remove(delivery)
                if not queue:
                    del self._queues[delivery.record]


def _path(event: Event) -> str:
    return f"/api/webhook/{'booking' if event.kind == 'booking' else 'inventory'}"
