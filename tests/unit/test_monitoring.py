"""Alert rules and dashboard: complete, and about metrics that the site has."""

import json
import re
from itertools import product
from pathlib import Path

import yaml
from prometheus_client import Counter, Gauge, Histogram, Info

from lco import metrics

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ENDINGS = ("", "_total", "_bucket", "_sum", "_count", "_info")
SEVERITIES = {"page", "ticket"}


def alerts() -> list[dict]:
    (group,) = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
    return group["rules"]


def cases() -> list[dict]:
    return yaml.safe_load((DEPLOY / "alerts_test.yaml").read_text())["tests"]


def panels() -> list[dict]:
    return json.loads((DEPLOY / "grafana.json").read_text())["panels"]


def samples_of_the_site() -> set[str]:
    """The names under which Prometheus finds what the site counts."""
    found = [of for of in vars(metrics).values() if isinstance(of, Counter | Gauge | Histogram | Info)]
    return {
        f"{of._name}{suffix}" for of in found for suffix in ("", "_total", "_bucket", "_sum", "_count", "_info")
    }


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"\blco_\w+", expression))


def test_every_alert_has_a_case_that_raises_it_and_one_that_does_not():
    checks = [check for case in cases() for check in case["alert_rule_test"]]
    raised = {check["alertname"] for check in checks if check.get("exp_alerts")}
    quiet = {check["alertname"] for check in cases()[0]["alert_rule_test"] if not check.get("exp_alerts")}
    assert raised == quiet == {rule["alert"] for rule in alerts()}


def test_every_alert_has_severity_and_remedy():
    for rule in alerts():
        assert rule["labels"]["severity"] in SEVERITIES, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "remedy"}, rule["alert"]


def test_alerts_are_about_metrics_of_the_site():
    used = {name for rule in alerts() for name in metrics_in(rule["expr"])}
    assert used
    assert used <= samples_of_the_site()


def test_dashboard_is_about_metrics_of_the_site():
    used = {name for panel in panels() for target in panel["targets"] for name in metrics_in(target["expr"])}
    assert used
    assert used <= samples_of_the_site()


def test_panels_of_the_dashboard_do_not_overlap():
    places = [panel["gridPos"] for panel in panels()]
    across = [(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])) for at in places]
    cells = [cell for columns, rows in across for cell in product(columns, rows)]
    assert len(cells) == len(set(cells))
    assert all(at["x"] + at["w"] <= 24 for at in places)
    assert len({panel["id"] for panel in panels()}) == len(panels())
