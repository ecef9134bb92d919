"""The connection between a browser and the site: it can be cut at any time, and restored."""

import selectors
import socket
import threading
from types import TracebackType
from typing import Self


class NetworkProxy:
    """Passes bytes between a separate port and `port`; while cut, every connection is closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._whole = True
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._answer, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        self._whole = False
        for pair in self._pairs:
            hang_up(*pair)
        self._pairs.clear()

    def mend(self) -> None:
        self._whole = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._listener.close()

    def _answer(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            if not self._whole:
                hang_up(caller)
                continue
            callee = socket.create_connection(("127.0.0.1", self._port))
            self._pairs.append((caller, callee))
            threading.Thread(target=pass_on, args=(caller, callee), daemon=True).start()


def pass_on(one: socket.socket, other: socket.socket) -> None:
    """Both ways, until either end closes."""
    with selectors.DefaultSelector() as ready:
        ready.register(one, selectors.EVENT_READ, other)
        ready.register(other, selectors.EVENT_READ, one)
        try:
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    key.data.sendall(data)
        except (OSError, ValueError):
            return
        finally:
            hang_up(one, other)


def hang_up(*ends: socket.socket) -> None:
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue  # it was hung up already
        finally:
            end.close()
