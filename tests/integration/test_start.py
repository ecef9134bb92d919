"""The message of a site that cannot start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests import serving


def started(**settings: str) -> subprocess.CompletedProcess[str]:
    """A start of gunicorn that ends by itself."""
    environ = {"PATH": os.environ["PATH"], "PORT": str(serving.free_port()), **settings}
    gunicorn = Path(sys.executable).with_name("gunicorn")
    return subprocess.run(
        [gunicorn, "wsgi:app"],
        check=False,
        cwd=serving.ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=serving.PATIENCE,
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"OPS_TOKEN": "short"}, "OPS_TOKEN: expected 16 to 200 letters"),
        ({"ODOO_URL": "https://odoo.example"}, "ODOO_WEBHOOK_SECRET is required"),
        ({"TRUSTED_PROXIES": "one"}, "TRUSTED_PROXIES: expected a whole number"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line_and_nothing_starts(settings, words):
    ended = started(**settings)
    assert ended.returncode != 0
    assert f"The site cannot start. {words}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Booting worker" not in ended.stderr


def test_no_header_of_a_client_changes_path_or_scheme_of_its_request(odoo, tmp_path):
    """Platforms set FORWARDED_ALLOW_IPS to `*`, which makes gunicorn believe these headers of every client."""
    said = {"SCRIPT_NAME": "/equipment", "X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "off"}
    with serving.site(odoo.url, tmp_path, FORWARDED_ALLOW_IPS="*") as site:
        plain = requests.get(site.url + "/about", timeout=60)
        assert requests.get(site.url + "/about", headers=said, timeout=60).text == plain.text
