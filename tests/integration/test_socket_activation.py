"""The port that systemd keeps open (deploy/lco.socket): a restart refuses no request."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import requests

from tests import serving

AS_SYSTEMD_STARTS_IT = 'export LISTEN_PID=$$; exec "$@" 3<&{listener}'


@contextmanager
def started(listener: socket.socket, folder: Path):
    """The site as a service whose port is handed to it, as file descriptor 3."""
    environ = {
        **os.environ,
        "LISTEN_FDS": "1",
        "HOME": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/lco.sqlite3",
        "CACHE_DIR": str(folder / "cache"),
        "MAIL_DIR": str(folder / "mail"),
    }
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    script = AS_SYSTEMD_STARTS_IT.format(listener=listener.fileno())
    command = ["bash", "-c", script, "bash", gunicorn, "wsgi:app"]
    with (folder / "site.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=serving.ROOT, env=environ, pass_fds=[listener.fileno()], stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(serving.PATIENCE)


def test_request_during_a_restart_waits_and_is_answered(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/healthz"
        with started(listener, tmp_path):
            first = requests.get(address, timeout=serving.PATIENCE).json()
        answers = []
        meanwhile = threading.Thread(
            target=lambda: answers.append(requests.get(address, timeout=serving.PATIENCE))
        )
        meanwhile.start()
        with started(listener, tmp_path):
            meanwhile.join(serving.PATIENCE)
    assert answers[0].status_code == 200
    assert answers[0].json()["process"] != first["process"]
