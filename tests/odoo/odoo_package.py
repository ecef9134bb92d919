"""An Odoo 19 Community on this machine: a part of Debian's package beside a Python environment of its own.

Nothing is installed: the machine's own apt, Python and PostgreSQL stay as they are.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HOME = Path(os.environ.get("LCO_ODOO_HOME", "/var/tmp/lco-odoo"))
HERE = Path(__file__).parent
ROOT = HOME / "root"
PYTHON = HOME / "venv/bin/python"
COMMAND = ROOT / "usr/bin/odoo"
PACKAGES = ROOT / "usr/lib/python3/dist-packages"
ADDONS = PACKAGES / "odoo/addons"
REQUIREMENTS = HERE / "requirements.txt"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# The web client takes these scripts from packages of their own; Odoo's copies are links to them.
DEBS = ("odoo-19", "libjs-jquery", "libjs-underscore", "libjs-jquery-form")
CORE = [
    "*.py",
    "*.rng",
    "_monkeypatches",
    "api",
    "cli",
    "fields",
    "models",
    "modules",
    "orm",
    "osv",
    "service",
    "tests",
    "tools",
    "upgrade",
    "upgrade_code",
]
NEEDED = [
    "base",
    "web",
    "bus",
    "mail",
    "fleet",
    "html_editor",
    "web_tour",
    "base_setup",
    "rpc",
    "resource",
    "digest",
    "portal",
    "phone_validation",
    "http_routing",
    "auth_signup",
    "iap",
    "iap_mail",
]


class NoOdoo(Exception):
    """Odoo cannot be had on this machine; the message says in one line what is missing."""


def unpack() -> None:
    """Leave a usable Odoo in HOME: at once when it is there, else after 120 MB of downloads. Raises NoOdoo."""
    _check_the_machine()
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        if not ROOT.is_dir():
            _fetch_packages()
            _unpack_packages()
        _make_environment()
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise NoOdoo(said.strip().splitlines()[-1]) from error


def environment() -> Mapping[str, str]:
    """What a process of Odoo finds in its environment."""
    return {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(PACKAGES)}


def _check_the_machine() -> None:
    for tool in ("apt-get", "dpkg-deb", "setpriv"):
        if not shutil.which(tool):
            raise NoOdoo(f"{tool} is not here; these scripts are made for Debian 12")
    if not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        raise NoOdoo("PostgreSQL's server programs are not here (Debian: apt-get install postgresql)")
    if os.geteuid() != 0:
        raise NoOdoo("PostgreSQL is started as the user postgres, which only root may do")


def _fetch_packages() -> None:
    """Download DEBS from Debian's unstable branch by way of an apt configuration of our own."""
    apt = HOME / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True, exist_ok=True)
    (apt / "sources.list").write_text(f"deb [signed-by={KEYRING}] {_mirror()} sid main\n", encoding="utf-8")
    options = {
        "Dir::Etc::sourcelist": apt / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": apt / "lists",
        "Dir::Cache": apt / "cache",
        "Acquire::Check-Valid-Until": "false",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
    }
    command = ["apt-get", "-qq", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]
    _run(*command, "update")
    _run(*command, "download", *DEBS)


def _mirror() -> str:
    """The machine's own Debian mirror."""
    targets = _run("apt-get", "indextargets", "--format", "$(SITE)", "Origin: Debian").split()
    return next((site for site in targets if "security" not in site), "http://deb.debian.org/debian")


def _unpack_packages() -> None:
    unfinished = HOME / "root.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    odoo = "./usr/lib/python3/dist-packages/odoo"
    members = ["./usr/bin/odoo", *(f"{odoo}/{part}" for part in CORE)]
    # Base's own data names the categories of all addons, so every manifest has to be there.
    members += [f"{odoo}/addons/*/__manifest__.py", *(f"{odoo}/addons/{addon}" for addon in NEEDED)]
    (HOME / "members").write_text("\n".join(members), encoding="utf-8")
    deb = max(HOME.glob("odoo-19_*.deb"), key=lambda path: path.stat().st_mtime)
    choice = ["--wildcards", "--no-wildcards-match-slash", "--exclude=*.po"]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as tar:
        _run("tar", "-x", "-C", unfinished, *choice, "-T", HOME / "members", stdin=tar.stdout)
    for script in HOME.glob("libjs-*.deb"):
        _run("dpkg-deb", "--extract", script, unfinished)
    unfinished.rename(ROOT)


def _make_environment() -> None:
    made_from = HOME / "venv/requirements.txt"
    if made_from.is_file() and made_from.read_bytes() == REQUIREMENTS.read_bytes():
        return
    _run(sys.executable, "-m", "venv", "--clear", HOME / "venv")
    _run(PYTHON, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "-r", REQUIREMENTS)
    shutil.copy(REQUIREMENTS, made_from)


def _run(*command: object, **options: object) -> str:
    done = subprocess.run(list(map(str, command)), cwd=HOME, check=True, text=True, capture_output=True, **options)
    return done.stdout
