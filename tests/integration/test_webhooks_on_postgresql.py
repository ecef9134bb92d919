"""Every test of the inbox once more, on PostgreSQL."""

import pytest

from tests.app.webhooks import conftest, test_inbox
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures

FIXTURES = ("catalogue", "bookings")

globals().update({name: getattr(conftest, name) for name in FIXTURES})
globals().update({name: value for name, value in vars(test_inbox).items() if name.startswith("test_")})
inbox, quiet = test_inbox.inbox, test_inbox.quiet


@pytest.fixture
def db(postgres):  # noqa: F811 - pytest's way to ask for a fixture
    return postgres
