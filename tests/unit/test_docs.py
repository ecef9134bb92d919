"""What the documents say is so."""

import re
from dataclasses import fields
from pathlib import Path

from lco.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
VENDOR = ROOT / "lco/static/vendor"
OWN_SCRIPTS_AT_MOST = 6_000


def test_every_setting_is_in_the_readme():
    missing = [field.name.upper() for field in fields(Settings) if f"`{field.name.upper()}`" not in README]
    assert not missing


def test_every_command_of_the_readme_is_in_the_makefile():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", README)) <= targets


def test_every_file_the_documents_link_to_exists():
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_the_vendored_htmx_is_the_version_in_its_name():
    (script,) = VENDOR.glob("htmx-*.min.js")
    version = script.name.removeprefix("htmx-").removesuffix(".min.js")
    assert f'version="{version}"' in script.read_text().replace("'", '"').replace(" ", "")
    assert (VENDOR / f"hx-sse-{version}.min.js").exists()
    assert (VENDOR / "LICENSE-htmx.txt").exists()


def test_scripts_of_our_own_stay_small():
    own = list((ROOT / "lco/static/js").rglob("*.js"))
    assert own
    assert sum(path.stat().st_size for path in own) <= OWN_SCRIPTS_AT_MOST
