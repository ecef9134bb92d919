"""How long the site takes from its command to its first page, beside a Flask application that does nothing."""

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import report
from tests import serving

TRIVIAL = """
from gevent import monkey
monkey.patch_all()
from flask import Flask
app = Flask("trivial")
app.route("/")(lambda: "here")
"""
ROUNDS = 5


def until_answer(command: list[str], url: str, folder: Path, environ: dict[str, str]) -> float:
    started = time.monotonic()
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=-3, stderr=-3) as process:
        while True:
            try:
                if requests.get(url, timeout=5).ok:
                    break
            except requests.RequestException:
                time.sleep(0.005)
        taken = time.monotonic() - started
        process.terminate()
    return taken


def main() -> None:
    report.title("From the command to the first page (promise: 2 s)")
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    with serving.demo() as odoo, TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "trivial.py").write_text(TRIVIAL)
        trivial, site = [], []
        for _ in range(ROUNDS):
            port = serving.free_port()
            command = [gunicorn, "-k", "gevent", "-b", f"127.0.0.1:{port}", "trivial:app"]
            trivial.append(until_answer(command, f"http://127.0.0.1:{port}/", folder, {}))
            with TemporaryDirectory() as kept:
                started = time.monotonic()
                with serving.site(odoo.url, Path(kept)) as server:
                    requests.get(f"{server.url}/equipment", timeout=10).raise_for_status()
                    site.append(time.monotonic() - started)
        report.times("yardstick: a Flask application of one line", trivial)
        report.times("the site, /equipment with Odoo's answer in it", site, sorted(trivial)[ROUNDS // 2])
