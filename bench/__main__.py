"""`python -m bench [name …]`: run all measurements, or the named ones; `python -m bench chaos --help`: faults."""

import signal
import sys
from collections.abc import Callable
from functools import partial

from bench import (
    booking,
    catalogue,
    faults,
    hostile,
    live,
    odoo_scale,
    pages,
    phone,
    pixel,
    soak,
    start,
    webhooks,
    weight,
    wishes,
)
from bench.chaos import measure as chaos
from bench.fanout import crowd, measures

ALL: dict[str, Callable[[], object]] = {
    "weight": weight.main,
    "start": start.main,
    "pages": pages.main,
    "phone": phone.main,
    "catalogue": catalogue.main,
    "live": live.main,
    "pixel": pixel.main,
    "booking": booking.main,
    "webhooks": webhooks.main,
    "wishes": wishes.main,
    "faults": faults.main,
    "fanout": partial(measures.fanout, 5_000),
    "fanout-10000": partial(measures.fanout, 10_000),
    "fanout-vehicles": measures.vehicles,
    "crowd": crowd.main,
    "restart": crowd.restart,
    "event-cost": measures.event_cost,
    "profile": measures.profile,
    "hostile-pictures": hostile.pictures,
    "hostile-memory": hostile.memory,
    "hostile-streams": hostile.hostile_streams,
    "odoo-scale": odoo_scale.main,
    "soak": soak.main,
}


def main(names: list[str]) -> int:
    if names[:1] == ["chaos"]:
        return chaos.main(names[1:])
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"There is no measurement called {', '.join(unknown)}; there are {', '.join(ALL)}.")
        return 2
    for name in names or list(ALL):
        ALL[name]()
    return 0


# Stopping a measurement stops its processes, too; also from a script, whose shell makes it ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
sys.exit(main(sys.argv[1:]))
