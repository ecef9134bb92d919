"""PostgreSQL of common offers: 20 connections in all, or a pooler that gives each transaction another one."""

import os
import shutil
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from lco import clock
from tests import postgres_server, redis_server, serving
from tests.factories import order

ROLE = "lco"
CONNECTIONS = 20
PROCESSES = 4
VISITORS = 60
BOOKINGS = 1
"""Of each visitor."""
PGBOUNCER = """
[databases]
postgres = host=127.0.0.1 port={server} dbname=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = 100
"""


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL whose role may have no more connections than a small plan has."""
    with postgres_server.running() as server:
        with server.connect() as connection:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN CONNECTION LIMIT {CONNECTIONS}")
            connection.execute(f"GRANT ALL ON SCHEMA public TO {ROLE}")
        serving.migrate(server.url.replace("postgres@", f"{ROLE}@"))
        yield server


@contextmanager
def pgbouncer(server: postgres_server.PostgresServer, folder: Path) -> Iterator[int]:
    """The port of a PgBouncer in transaction mode; the test is skipped on a machine that has none."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no pgbouncer on this machine")
    port = serving.free_port()
    (folder / "users.txt").write_text(f'"{ROLE}" ""\n')
    settings = PGBOUNCER.format(server=server.port, port=port, folder=folder, pool=CONNECTIONS // 2)
    (folder / "pgbouncer.ini").write_text(settings)
    command = [*postgres_server.as_user(), program, str(folder / "pgbouncer.ini")]
    process = subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        serving.wait_until(lambda: not serving.is_free(port), "PgBouncer")
        yield port
    finally:
        process.terminate()
        process.wait(serving.PATIENCE)


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    with redis_server.running(tmp_path_factory.mktemp("redis")) as server:
        yield server


def visit(url: str, number: int, found: Counter[int]) -> None:
    """What one visitor does: look at the list, then book other days each time."""
    for turn in range(BOOKINGS):
        requests.get(f"{url}/equipment", timeout=60).raise_for_status()
        start = clock.now().date() + timedelta(days=10 + 3 * (number * BOOKINGS + turn))
        customer = {"customer_email": f"{uuid.uuid4().hex}@example.com"}
        body = order(1 + number % 15, start, start + timedelta(days=2), **customer)
        headers = {"X-Forwarded-For": f"203.0.113.{number + 1}"}
        found[requests.post(f"{url}/api/booking", json=body, headers=headers, timeout=60).status_code] += 1


@contextmanager
def mail_worker(settings: dict[str, str]) -> Iterator[None]:
    command = [str(Path(sys.executable).with_name("flask")), "--app", "wsgi", "lco", "mail-worker"]
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=serving.ROOT, env={**os.environ, **settings}, **nowhere) as process:
        yield
        process.terminate()


@pytest.mark.parametrize("has_pooler", [False, True], ids=["20 connections", "PgBouncer"])
def test_sixty_visitors_book_at_four_processes_and_no_booking_is_503(server, redis, odoo, tmp_path, has_pooler):
    with server.connect() as connection:
        connection.execute("TRUNCATE bookings, booking_changes, deliveries, mails CASCADE")
    folder = server.folder / uuid.uuid4().hex
    folder.mkdir(mode=0o755)
    with pgbouncer(server, folder) if has_pooler else direct(server) as port:
        database = f"postgresql://{ROLE}@127.0.0.1:{port}/postgres"
        settings = {"DATABASE_URL": database, "REDIS_URL": redis.url, "TRUSTED_PROXIES": "1"}
        mail = {"MAIL_DIR": str(tmp_path / "mail"), "CACHE_DIR": str(tmp_path / "cache")}
        with (
            serving.site(odoo.url, tmp_path, WEB_CONCURRENCY=str(PROCESSES), **settings) as site,
            mail_worker(settings | mail),
        ):
            found: Counter[int] = Counter()
            visitors = [threading.Thread(target=visit, args=(site.url, n, found)) for n in range(VISITORS)]
            for visitor in visitors:
                visitor.start()
            for visitor in visitors:
                visitor.join(serving.PATIENCE * 6)
    assert found.total() == VISITORS * BOOKINGS
    assert set(found) <= {201, 400, 409}, found  # some days are taken, or the business is closed
    assert found[201] > VISITORS * BOOKINGS / 2, found


@contextmanager
def direct(server: postgres_server.PostgresServer) -> Iterator[int]:
    yield server.port
