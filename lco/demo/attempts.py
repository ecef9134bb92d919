"""Idempotency-Key: one key is one request, and its answer is given again.

Source: docs/odoo-contract.md, sections 4.3 and 4.4.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from lco.demo.refusals import KeyReused, UnknownBooking

Answer = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """An answer with the request that it belongs to."""

    request: str
    answer: Answer


class Attempts:
    """The answers of requests that succeeded, by call and key. `lock` is held while an attempt is under way."""

    def __init__(self, lock: AbstractContextManager[Any]) -> None:
        self._lock = lock
        self._kept: dict[tuple[str, str], Kept] = {}

    def once(self, call: str, key: str | None, request: str, answer: Callable[[], Answer]) -> Answer:
        """The answer, made now or kept from the first time; without a key it is always made.

        Raises KeyReused when the key came with another request. A refusal raised by `answer` is not kept.
        """
        with self._lock:
            kept = self._kept.get((call, key)) if key else None
            if kept is None:
                kept = Kept(request, answer())
            if kept.request != request:
                raise KeyReused("This Idempotency-Key was used for another request.")
            if key:
                self._kept[call, key] = kept
            return kept.answer

    def answer(self, call: str, key: str) -> Answer:
        """The kept answer, after any attempt under way has ended; raises UnknownBooking, which is final."""
        with self._lock:
            kept = self._kept.get((call, key))
        if kept is None:
            raise UnknownBooking("No booking was made with this key.")
        return kept.answer

    def reset(self) -> None:
        """Forget all keys."""
        self._kept.clear()
