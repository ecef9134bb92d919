"""Every count and gauge of the site, by name: what `/metrics` shows and what the code may increase.

With several processes on one server each writes its counts into files in `PROMETHEUS_MULTIPROC_DIR`, which
`gunicorn.conf.py` sets, and the process that is asked adds up those of all.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SUM: Final = "livesum"
"""The value of a gauge for several processes: the sum over those that live."""
LAST: Final = "livemostrecent"
"""The value that was set last, by a process that lives."""

pages = Counter("lco_pages", "Pages that may be kept, by where they came from", ["source"])
kept_page_bytes = Gauge("lco_kept_page_bytes", "Bytes of finished pages kept", multiprocess_mode=SUM)
odoo_calls = Counter("lco_odoo_calls", "Calls to Odoo by call and outcome", ["call", "outcome"])
odoo_changes = Counter("lco_odoo_changes", "Changes of bookings that Odoo's feed told")
stale_answers = Counter("lco_stale_answers", "Answers given from old data because a refresh failed", ["what"])
background_failures = Counter("lco_background_failures", "Background work that failed", ["what"])
bookings = Counter("lco_bookings", "Bookings by the state they reached", ["state"])
webhooks = Counter("lco_webhooks", "Webhook deliveries by outcome", ["endpoint", "outcome"])
refused = Counter("lco_refused", "Requests refused, by reason", ["reason"])
streams = Gauge("lco_streams", "Event streams open", ["kind"], multiprocess_mode=SUM)
stream_overflows = Counter("lco_stream_overflows", "Streams closed because the client did not keep up")
slow_regions_waiting = Gauge(
    "lco_slow_regions_waiting", "Regions of open pages that wait to be rendered", multiprocess_mode=SUM
)
region_failures = Counter("lco_region_failures", "Regions that could not be rendered for a stream")
mails = Counter("lco_mails", "Mails by outcome", ["outcome"])
store_failures = Counter("lco_store_failures", "Transactions that the database did not carry out")
cache_failures = Counter("lco_cache_failures", "Cache reads and writes that failed", ["operation"])
redis_failures = Counter("lco_redis_failures", "Failures of Redis, by the part that met them", ["what"])

request_seconds = Histogram(
    "lco_request_seconds",
    "Seconds that the application took for a request; finished pages that were kept take less than a millisecond",
    ["route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 15),
)

# Read when Prometheus asks (lco/web/site_gauges.py). Of several processes, the one that was asked last knows best.
build_info = Gauge("lco_build_info", "The version that runs", ["version"], multiprocess_mode=LAST)
bookings_needing_person = Gauge(
    "lco_bookings_needing_person", "Bookings to settle by hand", multiprocess_mode=LAST
)
bookings_now = Gauge("lco_bookings_now", "Bookings that are kept, by state", ["state"], multiprocess_mode=LAST)
mails_now = Gauge("lco_mails_now", "Mails that wait or failed", ["state"], multiprocess_mode=LAST)
webhooks_now = Gauge("lco_webhooks_now", "Webhooks that wait or failed", ["state"], multiprocess_mode=LAST)
last_webhook = Gauge(
    "lco_last_webhook_timestamp_seconds", "When the last webhook came; 0: never", multiprocess_mode=LAST
)
last_odoo_read = Gauge(
    "lco_last_odoo_read_timestamp_seconds",
    "When Odoo last answered; 0: not since the start",
    multiprocess_mode=LAST,
)
circuit_breaker_open = Gauge(
    "lco_circuit_breaker_open", "1 while Odoo is not asked because it fails", multiprocess_mode=LAST
)
background_waiting = Gauge("lco_background_waiting", "Background work that waits to begin", multiprocess_mode=LAST)


def registry() -> CollectorRegistry:
    """All counts and gauges, those of the other processes of this server included."""
    if FOLDER not in os.environ:
        return REGISTRY
    everywhere = CollectorRegistry()
    MultiProcessCollector(everywhere)  # type: ignore[no-untyped-call] # the library's
    return everywhere


def samples(metric: Counter | Gauge) -> Iterator[tuple[Mapping[str, str], float]]:
    """The present values by label, over all processes of this server."""
    (described,) = metric.describe()
    for family in registry().collect():
        for sample in family.samples if family.name == described.name else ():
            # A counter's second sample is the instant of its creation.
            if not sample.name.endswith("_created"):
                yield sample.labels, sample.value
