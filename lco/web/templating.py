"""The rendering of templates: strictly, with the filters of `lco.web.filters` and what every page may use."""

from collections.abc import Callable, Mapping, MutableMapping
from functools import partial
from typing import Any

import jinja2
from flask import Flask, g
from flask.templating import Environment
from markupsafe import Markup
from werkzeug.local import LocalProxy

from lco import clock
from lco.domain import date_text
from lco.settings import Settings
from lco.version import version
from lco.web import filters, urls
from lco.web.extensions import current_services
from lco.web.regions import region

FILTERS: Mapping[str, Callable[..., object]] = {
    one.__name__: one
    for one in (
        filters.format_money,
        filters.format_difference,
        date_text.format_date,
        date_text.format_date_short,
        date_text.format_date_long,
        date_text.format_weekday_date,
        date_text.format_hour,
        filters.format_date_range,
        filters.format_date_range_short,
        filters.pluralize,
    )
}


class FlatEnvironment(Environment):
    """Gives each template its globals as one plain dictionary.

    Jinja would put two mappings in a chain and copy that for every rendering, key by key, which for most regions
    takes longer than the region. So globals must be there before the first template is loaded.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A plain copy of the globals."""
        return dict(super().make_globals(d))


def init_app(app: Flask, settings: Settings) -> None:
    """Make the environment of `app`. Call before anything else touches it."""
    app.jinja_environment = FlatEnvironment
    environment = app.jinja_env
    environment.undefined = jinja2.StrictUndefined
    environment.finalize = filters.printable
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters.update(_filters(settings))
    environment.globals.update(_globals(app, settings))
    app.context_processor(lambda: {"since": str(g.get("since") or app.extensions["lco"].changes.head())})


def _filters(settings: Settings) -> dict[str, Any]:
    zone = settings.timezone
    return {
        **FILTERS,
        "format_month": date_text.format_month,
        "format_month_key": lambda value: f"{value:%Y-%m}",
        "iso": lambda value: value.isoformat(),
        "status_label": lambda vehicle: filters.status_label(vehicle, clock.today(zone)),
        "format_time": lambda instant: filters.format_time(instant, zone),
        "format_instant": lambda instant: filters.format_instant(instant, zone),
    }


def _globals(app: Flask, settings: Settings) -> dict[str, Any]:
    return {
        "site_url": settings.site_url,
        "release": version(),
        "first_day": lambda: current_services().rules.first_start,
        "last_day": lambda: current_services().rules.last_start,
        "business": LocalProxy(lambda: app.extensions["lco"].business.known),
        "vehicle_url": urls.vehicle_url,
        "list_url": urls.list_url,
        "wish_url": urls.wish_url,
        "picture_url": urls.picture_url,
        "full_url": partial(urls.full_url, settings.site_url),
        "region": lambda name: Markup(region(name).html_in_page()),  # noqa: S704 - rendered by autoescaping templates
    }
