"""Prometheus takes the configuration and the rules, and each rule raises its alert (promtool)."""

import shutil
import subprocess

import pytest

from tests.serving import ROOT

DEPLOY = ROOT / "deploy"


def promtool(*arguments: str) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("no promtool on this machine")
    done = subprocess.run(["promtool", *arguments], cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_configuration_and_the_rules():
    promtool("check", "config", "prometheus.yaml")
    promtool("check", "rules", "alerts.yaml")


def test_each_alert_is_raised_by_its_case_and_not_without():
    promtool("test", "rules", "alerts_test.yaml")
