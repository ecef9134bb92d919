"""The measuring side of `bench.fanout.listeners`: orders to that process, and the messages of its streams."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

LINGER = 0.3
"""Seconds after the last stream has the message in which anything more would be noticed."""


@dataclass(frozen=True, slots=True)
class RoundResult:
    """One round. `after`: seconds from before the publishing until each stream had the message, by number."""

    after: Mapping[int, float]
    strays: int
    client: float
    """CPU seconds that the client itself needed."""
    sample: str
    """The first such message that a stream received, as it came over the wire."""

    @property
    def times(self) -> Sequence[float]:
        return sorted(self.after.values())


class Audience:
    """Very many open streams to the server at `port`, held by a separate process."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self._process = process
        self._port = port
        self.size = 0

    def open(self, paths: Sequence[str]) -> None:
        """Open a stream for each path, all greeted when this returns; it gets the next free number."""
        self.size = self._ask(do="open", port=self._port, paths=paths)["open"]

    def measure(self, marker: str, numbers: Sequence[int], publish: Callable[[], object]) -> RoundResult:
        """The times at which the streams `numbers` receive the message with `marker`, which `publish` sends.

        Raises RuntimeError when one of them does not receive it, or is closed.
        """
        self._ask(do="listen", marker=marker, numbers=numbers, linger=LINGER)
        began = time.monotonic()
        publish()
        answer = self._answer()
        if answer["missing"] or answer["lost"]:
            raise RuntimeError(
                f"{marker}: {answer['missing']} streams received nothing, {answer['lost']} were closed"
            )
        after = {number: instant - began for number, instant in answer["received"]}
        return RoundResult(after, answer["strays"], answer["cpu"], answer["sample"])

    def _ask(self, **order: object) -> Any:
        assert self._process.stdin
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the client has ended; see its last output above")
        return json.loads(line)


@contextmanager
def audience(port: int) -> Iterator[Audience]:
    command = [sys.executable, "-m", "bench.fanout.listeners"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Audience(process, port)
        finally:
            process.kill()
