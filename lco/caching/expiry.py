"""How long what is read for a page holds, so that the page is not kept for longer."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

ALWAYS = datetime.max.replace(tzinfo=UTC)


class Watch:
    """`until`: the first instant at which something that was read would be asked for again."""

    until = ALWAYS


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched() -> Iterator[Watch]:
    """Within the block, whatever this thread reads is taken note of."""
    watch = Watch()
    token = _watch.set(watch)
    try:
        yield watch
    finally:
        _watch.reset(token)


def ends(at: datetime) -> None:
    """Something that holds until `at` was read."""
    if watch := _watch.get():
        watch.until = min(watch.until, at)
