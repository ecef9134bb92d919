"""Our module installed: a template database, built once for each state of its files, and Odoo's settings."""

import hashlib
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.odoo import odoo_package, postgres_cluster
from tests.odoo.odoo_package import HOME
from tests.serving import ROOT

MODULE = "fleet_rental_storefront"
OUR_ADDONS = ROOT / "odoo_addons"
CONFIGURATION = HOME / "odoo.conf"
STORE = HOME / "data/filestore"
# Makes the shop, a key for calls from outside, and the scripts of the web client, which take long to make.
FILL = """
from datetime import datetime, timedelta
env['fleet.rental.catalogue'].import_example()
admin = env.ref('base.user_admin')
key = env['res.users.apikeys'].with_user(admin)._generate('rpc', 'tests', datetime.now() + timedelta(days=30))
env['ir.config_parameter'].set_param('tests.key', key)
env['ir.config_parameter'].set_param('fleet_rental_storefront.anonymous_limit', '1000000')
env['ir.qweb']._pregenerate_assets_bundles()
env.cr.commit()
"""


def prepare() -> str:
    """The name of a database with our module and its example catalogue. Raises NoOdoo."""
    odoo_package.unpack()
    postgres_cluster.start()
    write_configuration()
    name = f"shop_{_fingerprint()}"
    if not postgres_cluster.exists(name):
        _drop_older_ones()
        _build(name)
    return name


def copy(template: str, name: str) -> None:
    """A separate database, with its files."""
    postgres_cluster.clone(template, name)
    forget_files(name)
    shutil.copytree(STORE / template, STORE / name)


def forget_files(name: str) -> None:
    shutil.rmtree(STORE / name, ignore_errors=True)


def write_configuration() -> None:
    lines = {
        "admin_passwd": "admin",
        "db_host": postgres_cluster.SOCKET,
        "db_port": postgres_cluster.PORT,
        "db_user": postgres_cluster.USER,
        "addons_path": f"{odoo_package.ADDONS},{OUR_ADDONS}",
        "data_dir": HOME / "data",
        "http_interface": "127.0.0.1",
        "list_db": False,
        "skip_auto_install": True,
    }
    text = "\n".join(f"{name} = {value}" for name, value in lines.items())
    CONFIGURATION.write_text(f"[options]\n{text}\n", encoding="utf-8")


def command(*arguments: str) -> list[str]:
    """A command line of Odoo's; `python -m odoo` would not do."""
    return [str(odoo_package.PYTHON), str(odoo_package.COMMAND), *arguments]


def run(*arguments: str, stdin: str = "", may_fail: bool = False) -> str:
    """The output of such a command. AssertionError with its last lines when it fails through our module."""
    done = subprocess.run(
        command(*arguments),
        cwd=HOME,
        env=odoo_package.environment(),
        input=stdin,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert may_fail or done.returncode == 0, "\n".join(done.stdout.splitlines()[-40:])
    return done.stdout


def _build(name: str) -> None:
    unfinished = "unfinished"
    postgres_cluster.drop(unfinished)
    forget_files(unfinished)
    common = ("-c", str(CONFIGURATION), "-d", unfinished)
    said = run(*common, "-i", f"rpc,{MODULE}", "--stop-after-init")
    (HOME / "install.log").write_text(said, encoding="utf-8")
    said = run("shell", *common, "--no-http", stdin=FILL)
    assert "Traceback" not in said, said
    postgres_cluster.sql(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    forget_files(name)
    (STORE / unfinished).rename(STORE / name)


def _drop_older_ones() -> None:
    for name in postgres_cluster.sql("SELECT datname FROM pg_database WHERE datname LIKE 'shop%'").splitlines():
        postgres_cluster.drop(name)
        forget_files(name)


def _fingerprint() -> str:
    """Changes with every file of the module, and with the month, since the key of the template grows old."""
    digest = hashlib.sha256(f"{datetime.now(UTC):%Y-%W} {FILL}".encode())
    for path in sorted(_files(OUR_ADDONS)):
        digest.update(str(path.relative_to(OUR_ADDONS)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
