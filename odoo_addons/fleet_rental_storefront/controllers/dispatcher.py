"""The envelope of the REST API: whatever goes wrong is answered in JSON, and a refusal with its own status."""

import hmac

import werkzeug.exceptions
from odoo.exceptions import UserError
from odoo.http import HttpDispatcher

from ..exceptions import Refusal, Unauthorized
from ..models.res_config_settings import API_KEY

LONGEST_BODY = 64 * 1024


class FleetApiDispatcher(HttpDispatcher):
    """For routes of `type="fleet_api"`."""

    routing_type = "fleet_api"

    def dispatch(self, endpoint, args):
        self._check_key()
        return super().dispatch(endpoint, args)

    def handle_error(self, exc):
        response = self.request.make_json_response(*_envelope(exc))
        self.request._inject_future_response(response)
        return response

    def _check_key(self):
        """When Settings has a key, requests without it are turned down."""
        wanted = self.request.env["ir.config_parameter"].sudo().get_param(API_KEY)
        given = self.request.httprequest.headers.get("X-API-Key", "")
        if wanted and not hmac.compare_digest(wanted.encode(), given.encode()):
            raise Unauthorized("A valid X-API-Key is needed.")


def _envelope(error):
    """The body and headers and status of an error, in the order of `make_json_response`."""
    if isinstance(error, Refusal):
        status, code, message = error.http_status, error.code, str(error)
    elif isinstance(error, UserError):
        status, code, message = 400, "invalid_field", str(error)
    elif isinstance(error, werkzeug.exceptions.HTTPException):
        status, code, message = error.code or 500, error.name, error.description
    else:
        status, code, message = 500, "server_error", "Something went wrong here. Please try again later."
    return {"success": False, "error": code, "message": message}, None, None, status
