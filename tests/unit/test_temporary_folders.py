import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

MAKE = """
import sys, time
from lco.locks import temporary_folder
print(temporary_folder("lco-test-"), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def process(tmp_path):
    """Start a process that makes a folder; returns the process and the folder."""
    started = []

    def start():
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        command = [sys.executable, "-c", MAKE]
        one = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(one)
        return one, Path(one.stdout.readline().strip())

    yield start
    for one in started:
        one.kill()
        one.communicate()


def test_only_the_folder_of_a_killed_process_is_removed(process):
    killed, left = process()
    _, live = process()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert left.exists()
    process()
    assert not left.exists()
    assert live.exists()


def test_a_process_that_ends_removes_its_folder(process):
    one, folder = process()
    one.communicate("\n")
    assert not folder.exists()
