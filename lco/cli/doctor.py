"""`lco doctor`: examine the site as it is configured."""

import json
import sys
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from lco.doctor import run
from lco.web.extensions import current_services


@click.command("doctor")
@click.option("--deploy", is_flag=True, help="Also look at the site from outside, through SITE_URL.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each line.")
@with_appcontext
def doctor(*, deploy: bool, as_json: bool) -> None:
    """Examine settings and parts within 10 seconds: one line for each, with the setting and the remedy.

    Exit status 0: all is well; 1: there are warnings; 2: something does not work.
    """
    services = current_services()
    policy = None
    if services.settings.redis_url:
        from lco.redis_backends.client import memory_policy  # loads the client of Redis

        url = services.settings.redis_address()
        policy = lambda: memory_policy(url)  # noqa: E731 - a function of one line
    findings = run.examine(services, policy, deploy=deploy)
    for finding in findings:
        click.echo(
            json.dumps(asdict(finding) | {"level": finding.level.name.lower()}) if as_json else str(finding)
        )
    sys.exit(max(finding.level for finding in findings))
