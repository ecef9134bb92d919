"""The worker as a separate process."""

import os
import signal
import subprocess
import sys

import pytest

from tests.serving import PATIENCE, ROOT, wait_until

PROCESS = """
from gevent import monkey
monkey.patch_all()
import sys
from flask import Flask
from lco import create_app
from lco.cli.mail import mail_worker
from lco.mail.composer import MailComposer
from lco.mail.outbox import Outbox
from lco.mail.sender import create_sender
from lco.mail.worker import Worker
from lco.settings import Settings

settings = Settings.from_environment()
app = create_app(settings)
render = lambda name, values: app.jinja_env.get_template(name).render(values)
messages = MailComposer(render, settings, lambda *_: (), lambda _: None)
app.extensions["lco.mail"] = Worker(Outbox(app.extensions["lco"].db), messages.compose, create_sender(settings))
app.cli.add_command(mail_worker, "mail-worker-alone")
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_separate_worker_sends_and_ends_on_a_signal(office, server, post, tmp_path, how):
    (tmp_path / "alone.py").write_text(PROCESS)
    office.book()
    environ = {
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "DATABASE_URL": str(office.db.engine.url),
        "CACHE_DIR": str(tmp_path / "cache"),
        "SMTP_URL": f"smtp://127.0.0.1:{office.port}",
    }
    command = [sys.executable, "-m", "flask", "--app", "alone", "mail-worker-alone"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ})
    try:
        wait_until(lambda: post.taken, "the mail", 2 * PATIENCE)
        process.send_signal(how)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
