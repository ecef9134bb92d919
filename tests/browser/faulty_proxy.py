"""A proxy between a browser and the site that loses bookings or their answers on the way."""

import random
import socket
import threading
import time
from itertools import count
from typing import Self

BOOKING = b"POST /bookings "
REFUSE, SWALLOW, HOLD = "refuse", "swallow", "hold"
HELD_FOR = 60


class FaultyProxy:
    """Passes everything on to `port` but the bookings, which meet the next of `faults`: once each, in order.

    Each booking that is sent carries another client's address, as limits are for one client.

    A fault is REFUSE (the site never sees it), SWALLOW (the answer is lost), HOLD (the answer comes after a
    minute), or a number: so many bytes of the answer come, then the connection ends.
    """

    def __init__(self, port: int) -> None:
        self.faults: list[str | int] = []
        self.met = 0
        self._addresses = (f"198.51.{number // 250}.{number % 250}" for number in count())
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(browser,), daemon=True).start()

    def _serve(self, browser: socket.socket) -> None:
        site = socket.create_connection(("127.0.0.1", self._port))
        answers = _Answers(site, browser)
        threading.Thread(target=answers.run, daemon=True).start()
        try:
            while data := browser.recv(65536):
                if data.startswith(BOOKING) and self.faults:
                    self.met += 1
                    fault = self.faults.pop(0)
                    if fault == REFUSE:
                        break
                    answers.fault = fault
                if data.startswith(BOOKING):
                    data = data.replace(b"\r\n", f"\r\nX-Forwarded-For: {next(self._addresses)}\r\n".encode(), 1)
                site.sendall(data)
        except OSError:
            pass
        finally:
            if answers.fault is None or self._ended.is_set():
                _close(browser, site)
            else:
                threading.Thread(target=_close_later, args=(browser, site), daemon=True).start()


class _Answers:
    """What comes back from the site on one connection."""

    def __init__(self, site: socket.socket, browser: socket.socket) -> None:
        self.fault: str | int | None = None
        self._site = site
        self._browser = browser

    def run(self) -> None:
        try:
            while data := self._site.recv(65536):
                if self.fault == HOLD:
                    time.sleep(HELD_FOR)
                elif self.fault is not None:
                    if self.fault != SWALLOW:
                        self._browser.sendall(data[: int(self.fault)])
                    break
                self._browser.sendall(data)
        except OSError:
            pass
        finally:
            _close(self._browser, self._site)


def _close_later(*ends: socket.socket) -> None:
    """The site is given time to finish what the browser has given up."""
    time.sleep(5)
    _close(*ends)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue
        finally:
            end.close()


def some_faults(chance: random.Random) -> list[str | int]:
    """One or two faults, any byte of the answer among them."""
    return [chance.choice([REFUSE, SWALLOW, chance.randrange(1, 900)]) for _ in range(chance.randrange(1, 3))]
