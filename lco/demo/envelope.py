"""The form of every answer of the API: the envelope of refusals, and the 404 of an unknown call."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, json, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from lco.demo.events import plain
from lco.demo.faults import FaultSwitch
from lco.demo.habits import Habits
from lco.demo.reasons import Reason
from lco.demo.refusals import NotBookable, Refusal, TooLate, TooMany, WrongDateFormat

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, X-API-Key, Idempotency-Key",
}
PRIVATE = {"Cache-Control": "no-store"}


def success(**content: Any) -> Response:
    """The envelope of an answer without an error."""
    return jsonify(success=True, **content)


def as_json(reasons: list[Reason]) -> list[dict[str, Any]]:
    """Reasons as the API lists them; `limit` only where there is one."""
    return [{name: value for name, value in asdict(reason).items() if value is not None} for reason in reasons]


def refused(refusal: Refusal) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The envelope of a refusal, with the status code of its kind."""
    body: dict[str, Any] = {"success": False, "error": refusal.code, "message": str(refusal)}
    headers: dict[str, str] = {}
    if isinstance(refusal, NotBookable):
        body["reasons"] = as_json(refusal.reasons)
    if isinstance(refusal, TooLate):
        body["until"] = plain(refusal.until)
    if isinstance(refusal, TooMany):
        headers["Retry-After"] = str(refusal.seconds)
    return body, refusal.status, headers


def refused_in_version_1(refusal: Refusal) -> ResponseReturnValue:
    """The same without the fields of version 2."""
    code = "invalid_field" if type(refusal) is NotBookable else refusal.code
    return {"success": False, "error": code, "message": str(refusal)}, refusal.status


def wrong_date_format(error: WrongDateFormat) -> ResponseReturnValue:
    """500 for a date that is none, as Odoo answers (docs/odoo-contract.md, section 1)."""
    return {"success": False, "error": str(error)}, 500


def add_wording(calls: Blueprint, habits: Habits) -> None:
    """Let the habits that are on change the JSON of every answer."""

    @calls.after_request
    def word(response: Response) -> Response:
        if response.is_json and habits.any_in_answers:
            response.set_data(json.dumps(habits.answer(response.get_json()), sort_keys=False))
        return response


def unknown_call(switch: FaultSwitch) -> Callable[[NotFound], ResponseReturnValue]:
    """The answer to an unknown address: a page as Odoo has it, or the same JSON for every call."""

    def answer(error: NotFound) -> ResponseReturnValue:
        if "json_404" in switch.habits and request.path.startswith("/api/"):
            return {"success": False, "error": "not found"}, 404
        return error.get_response()

    return answer
