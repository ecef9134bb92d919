"""The code before the newest migration runs on the schema after it, as in a rolling deploy or after a rollback."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from lco import clock
from lco.db import Database
from tests import serving
from tests.factories import order
from tests.postgres import migrated_postgres  # noqa: F401 - a fixture

REFERENCE = re.compile(r"BK-[0-9]{8}-[0-9A-F]{8}")
CONFIRMED = re.compile("[Cc]onfirmed")
PATIENCE = 60
MIGRATIONS = serving.ROOT / "lco/db/migrations/versions"


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=serving.ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def former_commit() -> str:
    """The last commit without the newest migration. The file may have been in another folder when it was added."""
    newest = max(path.name for path in MIGRATIONS.glob("0*.py"))
    added = git("log", "--diff-filter=A", "--format=%H", "--", f"*/migrations/versions/{newest}").splitlines()
    if not added:
        return git("rev-parse", "HEAD")
    if git("rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("the clone is shallow, so there is no former release in it")
    return git("rev-parse", f"{added[-1]}^")


@pytest.fixture(scope="module")
def former(tmp_path_factory) -> Path:
    """The tree of the former release."""
    folder = tmp_path_factory.mktemp("former")
    archive = subprocess.run(
        ["git", "archive", former_commit()], cwd=serving.ROOT, capture_output=True, check=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return folder


@contextmanager
def running(former: Path, url: str, odoo: serving.Demo, port: int, folder: Path) -> Iterator[serving.Server]:
    """The former release under gunicorn, on the database at `url`."""
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    settings = {
        "PORT": str(port),
        "ODOO_URL": odoo.url,
        "ODOO_WEBHOOK_SECRET": serving.SECRET,
        "SITE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": url,
        "CACHE_DIR": str(folder / "cache"),
        "MAIL_DIR": str(folder / "mail"),
    }
    command = ["env", "-C", str(former), gunicorn, "wsgi:app"]
    server = serving.Server(command, port, "/healthz", settings, folder / "site.log")
    try:
        server.start()
        yield server
    finally:
        server.stop()


def newest_schema(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database_url(request, tmp_path: Path) -> str:
    """A database with the newest schema."""
    if request.param == "SQLite":
        url = f"sqlite:///{tmp_path}/lco.sqlite3"
        newest_schema(url)
        return url
    return request.getfixturevalue("migrated_postgres").engine.url.render_as_string(hide_password=False)


def book(site: serving.Server, vehicle: int) -> requests.Response:
    start = clock.now().date() + timedelta(days=50)
    body = order(vehicle, start, start + timedelta(days=3))
    answer = requests.post(f"{site.url}/api/booking", json=body, timeout=30)
    # 202 is right as well: a former release may leave it to its recovery when two transactions collide.
    assert answer.status_code in {201, 202}, site.log.read_text()
    return answer


def confirm(odoo: serving.Demo, placed: requests.Response) -> None:
    """Confirm the booking at Odoo, and wait until its page shows it."""
    page = placed.headers["Location"]

    def shows(words: re.Pattern[str]) -> re.Match[str] | None:
        return words.search(requests.get(page, timeout=60).text)

    found = serving.wait_until(lambda: shows(REFERENCE), "Odoo's name of the booking", PATIENCE)
    odoo.control(f"bookings/{found[0]}/confirm")
    serving.wait_until(lambda: shows(CONFIRMED), "the confirmation", PATIENCE)


def test_both_releases_take_and_settle_bookings_on_the_newest_schema(
    former: Path, database_url: str, odoo, ports, tmp_path: Path
):
    with running(former, database_url, odoo, ports[0], tmp_path) as site:
        confirm(odoo, book(site, vehicle=2))
        left = book(site, vehicle=3)
    with serving.site(odoo.url, tmp_path, port=ports[0], DATABASE_URL=database_url):
        confirm(odoo, left)
    with running(former, database_url, odoo, ports[0], tmp_path) as site:
        assert requests.get(left.headers["Location"], timeout=60).ok
        confirm(odoo, book(site, vehicle=4))


def test_former_release_is_another_one(former: Path):
    newest = max(path.name for path in MIGRATIONS.glob("0*.py"))
    assert not [path for path in former.rglob(newest) if "versions" in path.parts]
    assert os.access(former / "wsgi.py", os.R_OK)
