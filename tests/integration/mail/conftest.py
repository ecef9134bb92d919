"""The server of each test, and the office whose mails go there."""

import pytest

from lco import create_app
from lco.db import Database
from lco.mail.composer import MailComposer
from lco.settings import Settings
from tests.integration.mail.smtp_server import Office, Post, serving
from tests.serving import free_port


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def server(post, office):
    with serving(post, office.port):
        yield


@pytest.fixture(scope="module")
def compose(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    settings = Settings(
        odoo_webhook_secret=("s",),
        database_url=f"sqlite:///{folder}/lco.sqlite3",
        cache_dir=folder / "cache",
    )
    app = create_app(settings)
    render = lambda name, values: app.jinja_env.get_template(name).render(values)  # noqa: E731 - one line says it
    yield MailComposer(render, settings, lambda *_: (), lambda _: None).compose
    app.extensions["lco.hub"].close()


@pytest.fixture
def office(tmp_path, compose):
    db = Database(f"sqlite:///{tmp_path}/lco.sqlite3")
    db.migrate()
    yield Office(db, compose, free_port())
    db.close()
