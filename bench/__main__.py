"""`python -m bench [name …]`: run all measurements, or the named ones."""

import sys

from bench import booking, faults, live, pixel, soak, start, webhooks, weight

ALL = {
    "weight": weight,
    "start": start,
    "live": live,
    "pixel": pixel,
    "booking": booking,
    "webhooks": webhooks,
    "faults": faults,
    "soak": soak,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"There is no measurement called {', '.join(unknown)}; there are {', '.join(ALL)}.")
        return 2
    for name in names or list(ALL):
        ALL[name].main()
    return 0


sys.exit(main(sys.argv[1:]))
