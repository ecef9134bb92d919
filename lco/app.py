"""The application. `create_app` lists its parts in order; each step is a function below."""

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from flask import Flask, g

from lco import cli
from lco.blueprints import (
    api,
    api_changes,
    api_docs,
    bookings,
    changing,
    dev,
    equipment,
    finding,
    fleet,
    health,
    live,
    ops,
    pages,
    webhooks,
    wishes,
)
from lco.catalogue.picture_store import PictureStore
from lco.deadline import deadline
from lco.live.hub import Hub
from lco.live.rendering import mark_stale
from lco.mail.composer import MailComposer, Render
from lco.mail.sender import create_sender
from lco.mail.wish_mails import WishComposer, WishMailer
from lco.mail.wish_outbox import WishOutbox
from lco.mail.worker import Worker
from lco.odoo.budget import Payer, charged_to
from lco.scheduler import Scheduler
from lco.services import Services, SharedBackends, build_services
from lco.settings import Settings
from lco.web import (
    assets,
    error_handlers,
    error_reports,
    htmx,
    page_cache,
    rate_limits,
    request_body,
    request_log,
    responses,
    security,
    streams,
    templating,
    trailing_slash,
)
from lco.web.clients import client_address, warn_of_unknown_proxy
from lco.web.extensions import DiskBackend, cache, limiter, remove_old_folders

PAGE_DEADLINE = timedelta(seconds=2.5)
"""The longest wait of a page for Odoo before it shows the last known state."""


def create_app(settings: Settings | None = None) -> Flask:
    """The site as a WSGI application; `settings` are those of the environment when none are given."""
    settings = settings or Settings.from_environment()
    app = Flask("lco", static_folder=None)
    templating.init_app(app, settings)  # first, as extensions may use the templates' environment
    error_reports.register(settings)
    backends = _shared_backends(app, settings)
    _bind_extensions(app, settings)
    _build_services(app, settings, backends)
    # Hooks after a request run in reverse order, so what is registered first sees the answer last.
    app.after_request(responses.finalize)
    app.after_request(htmx.add_vary)
    streams.register(app, settings)
    secure = security.register(app, settings)
    _limit_waiting(app)
    if not settings.trusted_proxies:
        warn_of_unknown_proxy(app)
    error_handlers.register(app)
    trailing_slash.register(app)
    for module in (
        pages,
        equipment,
        bookings,
        changing,
        finding,
        wishes,
        api,
        api_changes,
        api_docs,
        fleet,
        webhooks,
        live,
        ops,
        health,
    ):
        app.register_blueprint(module.blueprint)
    if settings.is_demo():
        app.register_blueprint(dev.blueprint)
    _cache_pages(app)
    app.cli.add_command(cli.group)
    assets.register(app, secure)
    request_body.register(app)
    request_log.register(app)  # last, as kept pages need an id of their own, too
    return app


def _bind_extensions(app: Flask, settings: Settings) -> None:
    app.config["CACHE_TYPE"] = "FileSystemCache"
    app.config["CACHE_DIR"] = str(settings.cache_dir / "answers")
    app.config["CACHE_THRESHOLD"] = 0  # a few answers for each vehicle, so nothing has to be counted
    app.config["CACHE_DEFAULT_TIMEOUT"] = 0
    app.config.setdefault("RATELIMIT_STORAGE_URI", rate_limits.MEMORY)
    cache.init_app(app)
    limiter.init_app(app)


def _disk_backend(app: Flask) -> DiskBackend:
    folder = Path(app.config["CACHE_DIR"])
    remove_old_folders(folder.parent)
    return DiskBackend(app.extensions["cache"][cache], folder)


def _shared_backends(app: Flask, settings: Settings) -> SharedBackends | None:
    """The parts that this process shares with others through Redis. Returns None without REDIS_URL."""
    if not settings.redis_url:
        return None
    from lco.redis_backends import (
        backends,  # loads the client of Redis, which takes a tenth of a second
    )

    return backends.connect(app, settings.redis_address())


def _build_services(app: Flask, settings: Settings, backends: SharedBackends | None) -> None:
    """Build the services, and on top of them the mail worker, the scheduler and the hub of open pages."""
    services = build_services(
        settings, _disk_backend(app), backends, PictureStore(settings.cache_dir / "pictures")
    )
    app.extensions["lco"] = services
    services.cache.on_stale = mark_stale
    messages = MailComposer(
        _renderer(app),
        settings,
        services.alternatives,
        services.return_time,
        business=lambda: services.business.known,
    )
    sender, wish_mails = create_sender(settings), _wish_composer(app, settings, services)
    app.extensions["lco.mail"] = Worker(services.outbox, messages.compose, sender)
    app.extensions["lco.wish_mails"] = WishMailer(WishOutbox(services.db), wish_mails.compose, sender)
    app.extensions["lco.scheduler"] = Scheduler(
        services, app.extensions["lco.mail"], app.extensions["lco.wish_mails"]
    )
    app.extensions["lco.hub"] = Hub(lambda: app.test_request_context(base_url=settings.site_url), services.changes)


def _wish_composer(app: Flask, settings: Settings, services: Services) -> WishComposer:
    return WishComposer(_renderer(app), settings, lambda: services.business.known)


def _renderer(app: Flask) -> Render:
    """A function that renders a template without a request, for mails."""
    return lambda name, values: app.jinja_env.get_template(name).render(values)


def _cache_pages(app: Flask) -> None:
    """Cache finished pages until something changes that may stand in one."""
    services = app.extensions["lco"]

    def version_of_pages() -> tuple[object, ...]:
        return services.changes.head(), services.cache.invalidations

    page_cache.register(app, pages.CACHED | equipment.CACHED, version_of_pages)


def _limit_waiting(app: Flask) -> None:
    """Start the scheduler, set the deadline of the request, and note the head of the change log first.

    A change that comes while the page is rendered is then sent to it again, never lost.
    """

    def begin() -> None:
        app.extensions["lco.scheduler"].start()
        g.deadline = ExitStack()
        g.deadline.enter_context(deadline(PAGE_DEADLINE))
        g.deadline.enter_context(charged_to(Payer(app.extensions["lco"].call_budget, client_address())))
        g.since = app.extensions["lco"].changes.head()

    def end(_error: BaseException | None) -> None:
        if stack := g.pop("deadline", None):
            stack.close()

    app.before_request(begin)
    app.teardown_request(end)
