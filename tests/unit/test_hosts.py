"""The files for hosts can be read, and name only settings, files and addresses that exist."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from dataclasses import fields
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from lco.settings import Settings
from tests.environment import read_settings

ROOT = Path(__file__).parents[2]
NAMES = {field.name.upper() for field in fields(Settings)} | {"PORT", "WEB_CONCURRENCY"}
OF_THE_SYSTEM = {"PATH", "PYTHONPYCACHEPREFIX", "HOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
MIGRATE = "flask --app wsgi lco migrate"
SERVE = "gunicorn wsgi:app"
PYTHON_OF_DEBIAN = {"12": "3.11", "13": "3.13"}
PACKAGES_AT_MOST = 75_000_000
MOST_EXPOSURE = 2.0
"""Of 10, as systemd counts what a service could do to its host."""


def text(name: str) -> str:
    return (ROOT / name).read_text()


def compose() -> dict[str, Any]:
    return yaml.safe_load(text("compose.yaml"))


def render() -> dict[str, Any]:
    (service,) = yaml.safe_load(text("render.yaml"))["services"]
    return service


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile in order, continued lines joined, comments left out."""
    lines = "\n".join(line for line in text("Dockerfile").splitlines() if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)
    ]


def instructions(word: str) -> list[str]:
    return [rest for found, rest in dockerfile() if found == word]


def of_the_last_stage(word: str) -> list[str]:
    stages = [index for index, (found, _) in enumerate(dockerfile()) if found == "FROM"]
    return [rest for found, rest in dockerfile()[stages[-1] :] if found == word]


def test_procfile_serves_and_migrates():
    commands = dict(line.split(": ", 1) for line in text("Procfile").splitlines())
    assert commands["web"] == SERVE
    assert commands["release"] == MIGRATE


def test_app_json_names_only_settings():
    assert set(json.loads(text("app.json"))["env"]) <= NAMES


def test_app_json_requires_settings_without_useful_default():
    env = json.loads(text("app.json"))["env"]
    required = {name for name, of in env.items() if of.get("required", True)}
    assert {"ODOO_URL", "ODOO_WEBHOOK_SECRET", "SITE_URL", "BUSINESS_NAME", "TRUSTED_PROXIES"} <= required
    assert all(of["description"] for of in env.values())


def test_app_json_gives_values_that_the_settings_take():
    env = json.loads(text("app.json"))["env"]
    made = "0123456789abcdef" * 4  # what Heroku's generator makes: 64 hexadecimal digits
    given = {name: made if of.get("generator") == "secret" else of.get("value", "") for name, of in env.items()}
    settings = read_settings({**given, "ODOO_URL": "https://odoo.example"})
    assert settings.trusted_proxies == 1
    assert settings.ops_token == made


def test_render_names_only_settings():
    assert {of["key"] for of in render()["envVars"]} <= NAMES


def test_render_serves_migrates_and_checks_the_health_address():
    service = render()
    assert service["preDeployCommand"] == MIGRATE
    assert service["startCommand"] == SERVE
    assert service["healthCheckPath"] == "/healthz"
    assert "--require-hashes" in service["buildCommand"]


def test_render_uses_the_database_that_it_makes():
    databases = {one["name"] for one in yaml.safe_load(text("render.yaml"))["databases"]}
    sources = {of["fromDatabase"]["name"] for of in render()["envVars"] if "fromDatabase" in of}
    assert sources == databases


def test_render_generates_no_value_that_the_settings_refuse():
    """Render generates base64, and OPS_TOKEN may hold neither `+` nor `/` nor `=`."""
    generated = {of["key"]: "bXk+dG9r/W4ubXktdG9rZW4=" for of in render()["envVars"] if of.get("generateValue")}
    read_settings({"ODOO_URL": "https://odoo.example", **generated})


def test_fly_names_only_settings_and_this_dockerfile():
    fly = tomllib.loads(text("fly.toml"))
    assert set(fly["env"]) <= NAMES
    assert (ROOT / fly["build"]["dockerfile"]).exists()
    assert fly["deploy"]["release_command"] == MIGRATE
    assert str(fly["http_service"]["internal_port"]) == fly["env"]["PORT"]
    assert fly["http_service"]["checks"][0]["path"] == "/healthz"
    assert fly["http_service"]["auto_stop_machines"] == "off"


def test_compose_names_only_settings():
    services = compose()["services"]
    for name in ("site", "migrate"):
        assert set(services[name]["environment"]) <= NAMES


def test_compose_site_is_confined_and_waits_for_its_schema():
    site = compose()["services"]["site"]
    assert site["read_only"] is True
    assert site["cap_drop"] == ["ALL"]
    assert site["security_opt"] == ["no-new-privileges:true"]
    assert site["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert shlex.join(compose()["services"]["migrate"]["command"]) == MIGRATE
    assert site["ports"] == ["127.0.0.1:8000:8000"], "only a proxy on this machine reaches it"


def test_compose_databases_have_health_checks_and_no_public_port():
    for name in ("postgres", "redis"):
        service = compose()["services"][name]
        assert service["healthcheck"]["test"]
        assert "ports" not in service


def test_compose_redis_refuses_when_full():
    command = compose()["services"]["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_compose_names_the_volumes_that_it_uses():
    made = set(compose()["volumes"])
    for service in compose()["services"].values():
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= made


def test_variables_of_compose_are_settings_or_explained_at_its_top():
    explained = re.findall(r"[A-Z_]{4,}", text("compose.yaml").split("name:")[0])
    used = re.findall(r"\$\{([A-Z_]+)", text("compose.yaml"))
    assert set(used) <= NAMES | set(explained)


def test_dockerfile_ends_without_root_and_with_the_health_check():
    assert of_the_last_stage("USER")[-1].isdecimal()
    assert of_the_last_stage("USER")[-1] != "0"
    (check,) = of_the_last_stage("HEALTHCHECK")
    assert "/healthz" in check
    assert of_the_last_stage("STOPSIGNAL") == ["SIGTERM"]
    assert json.loads(of_the_last_stage("CMD")[-1]) == SERVE.split()


def test_health_check_of_the_dockerfile_is_a_program_that_runs():
    (check,) = of_the_last_stage("HEALTHCHECK")
    program, option, code = json.loads(check.partition("CMD ")[2])
    assert (program, option) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")


def test_dockerfile_sets_only_settings():
    words = shlex.split(" ".join(of_the_last_stage("ENV")))
    assert {word.partition("=")[0] for word in words} <= NAMES | OF_THE_SYSTEM


def test_dockerfile_copies_only_what_exists_and_is_not_ignored():
    allowed = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    copied = [rest.split()[:-1] for rest in instructions("COPY") if not rest.startswith("--from")]
    names = {name for rest in copied for name in rest}
    assert names == allowed
    assert not [name for name in names if not (ROOT / name).exists()]


def test_dockerfile_uses_the_python_of_the_project():
    debian = re.fullmatch(r"debian:(\d+)-slim AS base", instructions("FROM")[0])[1]
    assert PYTHON_OF_DEBIAN[debian] == text(".python-version").strip()
    assert {rest.split()[0] for rest in instructions("FROM")[1:]} == {"base"}


def test_packages_leave_the_image_under_200_megabytes():
    """Debian and its Python have 105, compiled code 15; debug symbols, which the Dockerfile strips, count here."""
    pinned = re.findall(r"^([a-z][\w.-]*)==", text("requirements.txt"), re.MULTILINE)
    files = [Path(str(file.locate())) for name in pinned for file in metadata.files(name) or []]
    kept = [path for path in files if path.is_file() and is_kept(path)]
    assert sum(path.stat().st_size for path in kept) < PACKAGES_AT_MOST


def is_kept(path: Path) -> bool:
    """Whether the Dockerfile leaves a file of a package in the image, or makes it anew."""
    twin = "_avx2." in path.name
    other_language = "locale-data" in path.parts and not path.name.startswith(("en", "root"))
    return not (path.suffix == ".pyc" or {"tests", "testing"} & set(path.parts) or other_language or twin)


def unit(name: str) -> list[tuple[str, str]]:
    lines = re.findall(r"^(\w+)=(.*)$", text(f"deploy/{name}"), re.MULTILINE)
    assert lines
    return lines


def test_service_sets_only_settings():
    names = {value.partition("=")[0] for key, value in unit("lco.service") if key == "Environment"}
    assert names <= NAMES | OF_THE_SYSTEM


def test_settings_for_the_service_lie_where_it_may_write():
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", text("deploy/lco.env"), re.MULTILINE))
    assert set(given) <= NAMES
    assert given["DATABASE_URL"].startswith("sqlite:////var/lib/lco/")
    assert given["MAIL_DIR"].startswith("/var/lib/lco/")
    assert given["CACHE_DIR"] == "/var/cache/lco"
    of = dict(unit("lco.service"))
    assert (of["StateDirectory"], of["CacheDirectory"]) == ("lco", "lco")
    assert of["EnvironmentFile"] == "/etc/lco/lco.env"


def test_service_serves_and_migrates():
    of = dict(unit("lco.service"))
    assert of["ExecStart"] == f"/opt/lco/.venv/bin/{SERVE}"
    assert of["ExecStartPre"] == f"/opt/lco/.venv/bin/{MIGRATE}"
    assert of["User"] == "lco"


def analyse(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def test_systemd_understands_the_units(tmp_path: Path):
    """The programs of the unit do not exist on this machine, so one that does stands for them."""
    for name in ("lco.service", "lco.socket"):
        (tmp_path / name).write_text(re.sub(r"/opt/lco/\.venv/bin/\w+", "/bin/true", text(f"deploy/{name}")))
    done = analyse("verify", str(tmp_path / "lco.service"), str(tmp_path / "lco.socket"))
    assert (done.returncode, done.stderr) == (0, "")


def test_service_is_confined():
    done = analyse(
        "security", "--offline=true", f"--threshold={MOST_EXPOSURE * 10:.0f}", str(ROOT / "deploy/lco.service")
    )
    assert done.returncode == 0, done.stdout[-200:]


def test_port_of_the_socket_is_the_one_that_nginx_asks():
    address = dict(unit("lco.socket"))["ListenStream"]
    assert f"server {address};" in text("deploy/nginx.conf")
