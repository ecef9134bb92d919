"""The envelope of the REST API: each error is answered in JSON, and a refusal with its own status."""

import hmac
import re

import werkzeug.exceptions
from odoo.exceptions import UserError
from odoo.http import HttpDispatcher

from ..exceptions import KeyRequired, Refusal, Unauthorized, UnsupportedMediaType
from ..models.fleet_rental_event import API_KEY
from . import fields

ROUTING_TYPE = "fleet_api"
KEYED = "keyed"
ALLOWED_HEADERS = "Origin, X-Requested-With, Content-Type, Accept, Authorization, X-API-Key, Idempotency-Key"
LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z]{2,4})?")


class FleetApiDispatcher(HttpDispatcher):
    """For routes of this type."""

    routing_type = ROUTING_TYPE

    def pre_dispatch(self, rule, args):
        try:
            return super().pre_dispatch(rule, args)
        finally:  # a preflight ends by an exception that carries the answer
            headers = self.request.future_response.headers
            if "Access-Control-Allow-Headers" in headers:
                headers.set("Access-Control-Allow-Headers", ALLOWED_HEADERS)

    def dispatch(self, endpoint, args):
        routing = endpoint.routing
        if routing["fleet_access"] == KEYED:
            self.request.future_response.headers.set("Cache-Control", "no-store")
        fields.check_texts({**self.request.get_http_params(), **args})
        key = key_state(self.request)
        if routing["fleet_access"] == KEYED or routing["fleet_writing"]:
            self._check_key(routing["fleet_access"], key)
        if routing["fleet_writing"]:
            self._check_writing(key)
        self._speak_the_language()
        return super().dispatch(endpoint, args)

    def handle_error(self, exc):
        response = self.request.make_json_response(*_envelope(exc))
        self.request._inject_future_response(response)
        return response

    def _check_key(self, access, key):
        if key in {"missing", "wrong"}:
            raise Unauthorized(self.request.env._("A valid X-API-Key is needed."))
        if access == KEYED and key == "none":
            raise KeyRequired(self.request.env._("This call is there once Odoo has an API key set."))

    def _check_writing(self, key):
        """Raises UnsupportedMediaType, so that no other page writes without a preflight, or TooManyRequests."""
        if self.request.httprequest.mimetype != "application/json":
            raise UnsupportedMediaType(self.request.env._("The body has to be application/json."))
        if key == "none":
            self.request.env["fleet.rental.attempt"].sudo()._count(self.request.httprequest.remote_addr)

    def _speak_the_language(self):
        """Names and texts come in the language that the asker prefers, where it is installed."""
        accepted = LANGUAGE.match(self.request.httprequest.headers.get("Accept-Language", ""))
        if accepted:
            wanted = accepted.group().replace("-", "_")
            installed = self.request.env["res.lang"].sudo().get_installed()
            codes = [code for code, _name in installed]
            found = next((code for code in codes if code == wanted), None)
            found = found or next((code for code in codes if code.split("_")[0] == wanted.split("_")[0]), None)
            if found:
                self.request.update_context(lang=found)


def key_state(request):
    """`none` when Settings has no key, else whether the X-API-Key is `accepted`, `missing` or `wrong`."""
    wanted = request.env["ir.config_parameter"].sudo().get_param(API_KEY)
    if not wanted:
        return "none"
    given = request.httprequest.headers.get("X-API-Key", "")
    if not given:
        return "missing"
    # HTTP's headers are Latin-1 to Python, of any encoding.
    came = given.encode("latin-1", "replace")
    matches = [hmac.compare_digest(wanted.encode(), came), hmac.compare_digest(wanted.encode(), given.encode())]
    return "accepted" if any(matches) else "wrong"


def _envelope(error):
    """The body and headers and status of an error, in the order of `make_json_response`."""
    headers, details = None, {}
    if isinstance(error, Refusal):
        status, code, message = error.http_status, error.code, str(error)
        headers, details = error.headers, error.details
    elif isinstance(error, UserError):
        status, code, message = 400, "invalid_field", str(error)
    elif isinstance(error, werkzeug.exceptions.HTTPException):
        status, code, message = error.code or 500, error.name, error.description
    else:
        status, code, message = 500, "server_error", "Something went wrong here. Please try again later."
    return {"success": False, "error": code, "message": message, **details}, headers, None, status
