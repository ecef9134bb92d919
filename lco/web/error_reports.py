"""Errors go to Sentry without people and without secrets: where it happened, never what was sent."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from flask import has_request_context, request

from lco.settings import Settings
from lco.version import version
from lco.web.logs import FoldFailures, request_id

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

REMOVED = "[removed]"
SHORTEST_PRIVATE = 3
"""Shorter texts of a request tell nothing of a person, and would tear each message apart."""
KEPT_HEADERS = {"Accept", "Content-Length", "Content-Type", "User-Agent"}


def register(settings: Settings, **options: Any) -> None:
    """Send errors to the Sentry project of `settings`, where one is set; `options` are sentry_sdk.init's own."""
    if not settings.sentry_dsn:
        return
    import sentry_sdk  # takes a quarter of a second, so only a site that uses it waits for it

    scrubber = Scrubber(_secrets(settings))
    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        release=f"lco@{version()}",
        data_collection={"user_info": False, "http_bodies": [], "stack_frame_variables": False},
        max_breadcrumbs=0,
        before_send=scrubber.scrub,
        **options,
    )


class Scrubber:
    """Remove from an event all texts of the present request, and the secrets of the settings.

    One kind of failure is sent once a minute, and all expected errors (LcoError) are one kind.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = frozenset(secrets)
        self._fold = FoldFailures()

    def scrub(self, event: "Event", hint: "Hint") -> "Event | None":
        """The event as it may be sent. Returns None when one of its kind has been sent a moment ago."""
        record = hint.get("log_record")
        if not self._fold.admits(record, (hint.get("exc_info") or (None, None))[1]):
            return None
        event.pop("extra", None)
        event.pop("user", None)
        if has_request_context():
            event["request"] = _where()
            event["transaction"] = _route()
        private = sorted(self._secrets | _typed(), key=len, reverse=True)
        return cast("Event", {**_without(event, private), "tags": {"request_id": request_id.get()}})


def _where() -> dict[str, object]:
    """The request without its address, which may be a secret link, and without what was sent."""
    headers = {name: value for name, value in request.headers if name in KEPT_HEADERS}
    return {"method": request.method, "url": _route(), "headers": headers}


def _route() -> str:
    return request.url_rule.rule if request.url_rule else "-"


def _typed() -> frozenset[str]:
    """All texts that the present request has sent: in its address, its form, its JSON and its signatures."""
    if not has_request_context():
        return frozenset()
    body = request.get_json(silent=True) if request.is_json else None
    sent = [*request.values.values(), *(request.view_args or {}).values(), *_texts(body)]
    sent += [value for name, value in request.headers if name not in KEPT_HEADERS]
    return frozenset(text for text in map(str, sent) if len(text) >= SHORTEST_PRIVATE)


def _texts(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def _without(value: Any, private: list[str]) -> Any:
    if isinstance(value, str):
        return re.sub("|".join(map(re.escape, private)), REMOVED, value) if private else value
    if isinstance(value, Mapping):
        return {name: _without(one, private) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without(one, private) for one in value]
    return value


def _secrets(settings: Settings) -> list[str]:
    """The values that the repr of the settings hides."""
    hidden = [getattr(settings, field.name) for field in dataclasses.fields(settings) if not field.repr]
    return [text for value in hidden for text in ([value] if isinstance(value, str) else value) if text]
