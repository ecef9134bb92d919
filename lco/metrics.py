"""Every count and gauge of the site, by name: what `/metrics` shows and what the code may increase."""

from prometheus_client import Counter, Gauge

pages = Counter("lco_pages", "Pages that may be kept, by where they came from", ["source"])
kept_page_bytes = Gauge("lco_kept_page_bytes", "Bytes of finished pages kept in this process")
odoo_calls = Counter("lco_odoo_calls", "Calls to Odoo by call and outcome", ["call", "outcome"])
stale_answers = Counter("lco_stale_answers", "Answers given from old data because a refresh failed", ["what"])
background_failures = Counter("lco_background_failures", "Background work that failed", ["what"])
bookings = Counter("lco_bookings", "Bookings by the state they reached", ["state"])
webhooks = Counter("lco_webhooks", "Webhook deliveries by outcome", ["endpoint", "outcome"])
refused = Counter("lco_refused", "Requests refused, by reason", ["reason"])
streams = Gauge("lco_streams", "Event streams open in this process", ["kind"])
stream_overflows = Counter("lco_stream_overflows", "Streams closed because the client did not keep up")
region_failures = Counter("lco_region_failures", "Regions that could not be rendered for a stream")
mails = Counter("lco_mails", "Mails by outcome", ["outcome"])
store_failures = Counter("lco_store_failures", "Transactions that the database did not carry out")
cache_failures = Counter("lco_cache_failures", "Cache reads and writes that failed", ["operation"])
redis_failures = Counter("lco_redis_failures", "Failures of Redis, by who met them", ["what"])
