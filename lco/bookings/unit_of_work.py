"""The unit of work of bookings: one transaction, published after its commit."""

from collections.abc import Iterator
from contextlib import contextmanager

from lco.bookings.publisher import BookingPublisher
from lco.bookings.repository import BookingRepository, MailWriter
from lco.db import Database


class UnitOfWork:
    """Opens transactions on the bookings. `with uow() as bookings:` yields a BookingRepository.

    Mails are written in the transaction; steps are published in the change log after the commit.

    Raises DatabaseUnavailable.
    """

    def __init__(self, db: Database, mails: MailWriter, publisher: BookingPublisher) -> None:
        self._db = db
        self._mails = mails
        self._publisher = publisher

    @contextmanager
    def __call__(self) -> Iterator[BookingRepository]:
        """A transaction on the bookings: committed and published when the block ends, undone when it raises."""
        with self._db.connection() as connection:
            repository = BookingRepository(connection, self._mails)
            yield repository
        for step in repository.steps:
            self._publisher.publish(step)
