"""`python -m lco.demo`: the demo Odoo as a process of its own."""

import argparse
import binascii
import logging
import os
import signal
import sys
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lco.demo.app import DemoSettings, create_demo
from lco.demo.server import listening

log = logging.getLogger("lco.demo")


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C. Exits with a message when an argument or the port cannot be used."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        app = create_demo(_settings(options))
        server = listening(app, options.host, options.port)
    except (OSError, binascii.Error, ZoneInfoNotFoundError) as error:
        sys.exit(f"The demo Odoo cannot start: {error}")
    log.info("Demo Odoo on http://%s:%d, webhooks to %s", options.host, server.server_port, options.site)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        log.info("Demo Odoo stopped")


def _parser() -> argparse.ArgumentParser:
    secret = os.environ.get("ODOO_WEBHOOK_SECRET") or DemoSettings.secret
    parser = argparse.ArgumentParser(prog="python -m lco.demo", description="A small Odoo to try the shop with.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8069, help="default 8069; 0 takes a free one")
    parser.add_argument("--site", default=DemoSettings.site, help="where webhooks go")
    # While the shop rotates secrets it accepts several, separated by commas; the first one signs.
    parser.add_argument(
        "--secret", default=secret.split(",")[0], help="default: ODOO_WEBHOOK_SECRET, or demo-secret"
    )
    parser.add_argument("--vehicles", type=int, default=0, metavar="N", help="generate N vehicles on top")
    parser.add_argument("--timezone", default=os.environ.get("TIMEZONE") or DemoSettings.zone.key)
    parser.add_argument("--no-webhooks", action="store_true", help="keep changes to yourself")
    parser.add_argument(
        "--contract", type=int, choices=(1, 2), default=DemoSettings.contract, help="the version to speak"
    )
    parser.add_argument("--busy", action="store_true", help="offer /busy in version 1 too")
    parser.add_argument("--key", default=os.environ.get("ODOO_API_KEY", ""), help="default: ODOO_API_KEY, or none")
    return parser


def _settings(options: argparse.Namespace) -> DemoSettings:
    return DemoSettings(
        site=options.site,
        secret=options.secret,
        zone=ZoneInfo(options.timezone),
        extra_vehicles=options.vehicles,
        webhooks=not options.no_webhooks,
        contract=options.contract,
        busy=options.busy,
        api_key=options.key,
    )


if __name__ == "__main__":
    main()
