"""The application: `create_app` is its table of contents, each step a function below it."""

import logging
from datetime import timedelta

from flask import Flask, g

from lco import cli, clock
from lco import deadline as budget
from lco import version as build
from lco.blueprints import api, bookings, equipment, fleet, live, ops, pages, webhooks
from lco.blueprints import health as status
from lco.live.hub import Hub
from lco.mail.composer import Messages, Render
from lco.mail.sender import sender_of
from lco.mail.worker import Worker
from lco.scheduler import Upkeep
from lco.services import Together
from lco.services import build as build_shop
from lco.settings import Settings
from lco.web import assets, htmx, security, templating
from lco.web import error_handlers as failures
from lco.web import page_cache as kept_pages
from lco.web import responses as answers
from lco.web.extensions import cache, limiter

PAGE_BUDGET = timedelta(seconds=2.5)
"""How long a page may wait for Odoo before it shows what it has."""


def create_app(settings: Settings | None = None) -> Flask:
    """The site as a WSGI application; `settings` are those of the environment when none are given."""
    settings = settings or Settings.from_environment()
    app = Flask("lco", static_folder=None)
    templating.set_up(app, settings)  # first, as extensions may use the templates' environment
    _report_errors(settings)
    together = _together(app, settings)
    _bind_extensions(app, settings)
    _build_services(app, settings, together)
    # Hooks after a request run in reverse order, so what is registered first sees the answer last.
    app.after_request(answers.finished)
    app.after_request(htmx.add_vary)
    security.register(app, settings)
    _limit_waiting(app)
    failures.register(app)
    for module in (pages, equipment, bookings, api, fleet, webhooks, live, ops, status):
        app.register_blueprint(module.blueprint)
    _keep_pages(app, settings)
    app.cli.add_command(cli.group)
    assets.register(app)
    return app


def _report_errors(settings: Settings) -> None:
    """Send what goes wrong to Sentry, when a project is set; requests without people's data."""
    logging.getLogger("lco").setLevel(logging.INFO)
    if settings.sentry_dsn:
        import sentry_sdk  # takes a quarter of a second, so only those who use it wait for it

        sentry_sdk.init(dsn=settings.sentry_dsn, release=build.version(), send_default_pii=False)


def _bind_extensions(app: Flask, settings: Settings) -> None:
    app.config["CACHE_TYPE"] = "FileSystemCache"
    app.config["CACHE_DIR"] = str(settings.cache_dir / build.version())
    app.config["CACHE_THRESHOLD"] = 20_000
    app.config["CACHE_DEFAULT_TIMEOUT"] = 0
    app.config.setdefault("RATELIMIT_STORAGE_URI", "memory://")
    cache.init_app(app)
    limiter.init_app(app)


def _together(app: Flask, settings: Settings) -> Together | None:
    """What this process shares with others through Redis; None when it is alone."""
    if not settings.redis_url:
        return None
    from lco.redis_backends import (
        backends as together,  # loads the client of Redis, which takes a tenth of a second
    )

    return together.through_redis(app, settings.redis_url)


def _build_services(app: Flask, settings: Settings, together: Together | None) -> None:
    """The shop and, on top of it, the hub that renders regions for open pages."""
    shop = build_shop(settings, app.extensions["cache"][cache], together)
    app.extensions["lco"] = shop
    messages = Messages(_renderer(app), settings, shop.availability.alternatives)
    app.extensions["lco.mail"] = Worker(shop.mails, messages.compose, sender_of(settings))
    app.extensions["lco.scheduler"] = Upkeep(shop, app.extensions["lco.mail"])
    app.extensions["lco.hub"] = Hub(lambda: app.test_request_context(base_url=settings.site_url), shop.changes)


def _renderer(app: Flask) -> Render:
    """Renders a template without a request, as mails need it."""
    return lambda name, values: app.jinja_env.get_template(name).render(values)


def _keep_pages(app: Flask, settings: Settings) -> None:
    """Keep finished pages until something changes that may stand in one."""
    shop = app.extensions["lco"]

    def edition() -> tuple[object, ...]:
        return shop.changes.head(), shop.freshness.hints, clock.today(settings.timezone)

    kept_pages.register(app, pages.KEPT | equipment.KEPT, edition)


def _limit_waiting(app: Flask) -> None:
    """Begin upkeep, give every request its budget, and note the log's head before anything is read for the page.

    A change that happens while a page is rendered is then sent to it again, never lost.
    """

    def begin() -> None:
        app.extensions["lco.scheduler"].begin()
        g.budget = budget.start(PAGE_BUDGET)
        g.since = app.extensions["lco"].changes.head()

    def end(_error: BaseException | None) -> None:
        if token := g.pop("budget", None):
            budget.stop(token)

    app.before_request(begin)
    app.teardown_request(end)
