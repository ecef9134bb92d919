"""Mails as the site renders them, an outbox on a real database, and a clock that can be moved."""

import pytest

from lco import create_app
from lco.db import Database
from lco.mail.composer import MailComposer
from lco.mail.outbox import Outbox
from lco.settings import Settings
from tests.app.mail.fakes import arrived, emptied, mail_about

SETTINGS = Settings(odoo_webhook_secret=("s",), site_url="https://rent.example")


@pytest.fixture(scope="session")
def render(tmp_path_factory):
    """The site's own templates, filters and globals."""
    folder = tmp_path_factory.mktemp("site")
    app = create_app(
        Settings(
            odoo_webhook_secret=("s",),
            site_url=SETTINGS.site_url,
            database_url=f"sqlite:///{folder}/lco.sqlite3",
            cache_dir=folder / "cache",
        )
    )
    yield lambda template, values: app.jinja_env.get_template(template).render(values)
    app.extensions["lco.hub"].close()


@pytest.fixture(scope="session")
def make_messages(render):
    def make(alternatives=lambda vehicle_id, days: (), return_time=lambda booking: None, **more):
        return MailComposer(render, SETTINGS, alternatives, return_time, **more)

    return make


@pytest.fixture(scope="session")
def messages(make_messages):
    return make_messages()


@pytest.fixture(scope="session")
def migrated_db(tmp_path_factory):
    db = Database(f"sqlite:///{tmp_path_factory.mktemp('mail')}/lco.sqlite3")
    db.migrate()
    yield db
    db.close()


@pytest.fixture
def db(migrated_db):
    return emptied(migrated_db)


@pytest.fixture
def outbox(db):
    return Outbox(db)


@pytest.fixture
def read(messages):
    return lambda booking, message, **more: arrived(messages.compose(mail_about(booking, message, **more)))
