"""A PostgreSQL for the tests' Odoo alone: reached by a socket, run as postgres, not kept safe from crashes."""

import atexit
import os
import subprocess
from pathlib import Path

from tests.odoo.odoo_package import HOME, NoOdoo

DATA = HOME / "pg"
SOCKET = HOME / "sock"
PORT = "5498"
USER = "odoo"
# Nothing in here has to survive the machine, so nothing has to wait for its disk.
CARELESS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def start() -> None:
    """Have the server running until this process ends, made when it is not there yet. Raises NoOdoo."""
    try:
        _make()
        if _ctl("status", check=False).returncode:
            options = f"-c listen_addresses='' -c unix_socket_directories={SOCKET} -c port={PORT} {CARELESS}"
            atexit.register(stop)
            _ctl("-w", "-l", str(DATA / "server.log"), "-o", options, "start")
        if not sql("SELECT 1 FROM pg_roles WHERE rolname = 'odoo'", user="postgres"):
            sql("CREATE ROLE odoo LOGIN CREATEDB", user="postgres")
    except subprocess.CalledProcessError as error:
        raise NoOdoo(f"PostgreSQL does not start, see {DATA}: {error.stderr or error}") from error


def stop() -> None:
    if DATA.is_dir():
        _ctl("-m", "fast", "-w", "stop", check=False)


def sql(statement: str, database: str = "postgres", user: str = USER) -> str:
    """The rows that a statement gives, one a line. Raises CalledProcessError."""
    command = [_program("psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", str(SOCKET), "-p", PORT, "-U", user]
    return _run([*command, "-c", statement, database]).stdout.strip()


def session(database: str) -> subprocess.Popen[str]:
    """An open session, which carries out the statements written to it."""
    command = [_program("psql"), "-qAtX", "-h", str(SOCKET), "-p", PORT, "-U", USER, database]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def clone(template: str, name: str) -> None:
    """The database `name` becomes a fresh copy of `template`; open connections to it are ended."""
    drop(name)
    sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def drop(name: str) -> None:
    # As the superuser: autovacuum may be at work in it, and a role without rights cannot end that process.
    sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', user="postgres")


def exists(name: str) -> bool:
    return bool(sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))


def _make() -> None:
    if DATA.is_dir():
        return
    for folder in (DATA, SOCKET):
        _run(["install", "-d", "-o", "postgres", "-g", "postgres", "-m", "700", str(folder)])
    SOCKET.chmod(0o755)
    _as_postgres("initdb", "-D", str(DATA), "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync")


def _ctl(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    # Its output goes nowhere: the server keeps the pipe open, and reading it would never end.
    command = [*_postgres_user(), _program("pg_ctl"), "-D", str(DATA), *arguments]
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.run(command, cwd=HOME, check=check, text=True, **nowhere)


def _as_postgres(program: str, *arguments: str) -> None:
    _run([*_postgres_user(), _program(program), *arguments])


def _postgres_user() -> list[str]:
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]


def _program(name: str) -> str:
    """PostgreSQL's newest version on this machine."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    return str(versions[-1])


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, cwd=HOME, check=True, text=True, capture_output=True, env=environ)
