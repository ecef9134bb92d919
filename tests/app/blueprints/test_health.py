"""Liveness, readiness and metrics."""

import os

from lco.version import version


def test_alive_asks_no_other_part(client, odoo):
    assert client.get("/healthz").json == {"status": "ok", "process": os.getpid(), "version": version()}
    assert odoo.asked == []


def test_readyz_reports_each_part(client, odoo):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["parts"] == {"database": "ok", "catalogue": "ok"}


def test_not_ready_without_a_catalogue(client, odoo):
    odoo.fails_with = 500
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["parts"]["catalogue"] == "failing"


def test_a_proxy_that_is_not_trusted_is_a_warning(client, odoo):
    assert client.get("/readyz").json["warnings"] == []
    client.get("/about", headers={"X-Forwarded-For": "203.0.113.5"})
    (warning,) = client.get("/readyz").json["warnings"]
    assert "TRUSTED_PROXIES is 0" in warning


def test_metrics_are_counted_by_name(client, odoo):
    client.get("/equipment")
    assert 'lco_odoo_calls_total{call="vehicles",outcome="ok"}' in client.get("/metrics").text


def test_none_of_these_is_cached(client, odoo):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.get(path).headers["Cache-Control"] == "no-store"
