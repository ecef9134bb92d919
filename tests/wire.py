"""The demo Odoo behind requests-mock: what the site asks goes through its real wire format, without a socket."""

import re

import requests
import requests_mock
from flask import Flask

from lco.demo.app import DemoSettings, create_demo

SENT_ON = ("Content-Type", "X-API-Key", "Idempotency-Key")


class OdooAtTheWire:
    """Answers what the site asks of `url`; `fails_with` replaces answers, `asked` lists the questions.

    It speaks version 1 of the contract, as the Odoo in production does, unless `contract` says 2. While it
    `loses_answers`, calls that change something are carried out and never answered.
    """

    def __init__(
        self, url: str, wire: requests_mock.Mocker, *, contract: int = 1, busy: bool = False, api_key: str = ""
    ) -> None:
        demo = DemoSettings(webhooks=False, contract=contract, busy=busy, api_key=api_key)
        self.app: Flask = create_demo(demo)
        self.loses_answers = False
        self.asked: list[str] = []
        self.fails_with: Exception | int | None = None
        wire.register_uri(requests_mock.ANY, re.compile(re.escape(url)), content=self._answer)

    def close(self) -> None:
        self.app.extensions["webhooks"].close()

    def control(self, path: str, **values: object) -> object:
        """What staff do, or a fault: a verb of the demo under /demo/, and its answer."""
        answer = self.app.test_client().post(f"/demo/{path}", json=values)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json

    def change(self, vehicle_id: int, **values: object) -> None:
        self.control(f"vehicles/{vehicle_id}", **values)

    def remove(self, vehicle_id: int) -> None:
        self.control(f"vehicles/{vehicle_id}/remove")

    def _answer(self, request: requests.PreparedRequest, context) -> bytes:
        path = request.path_url
        self.asked.append(f"{request.method} {path.partition('?')[0]}")
        if isinstance(self.fails_with, Exception):
            raise self.fails_with
        if self.fails_with:
            context.status_code = self.fails_with
            return b"<html>not what was asked for</html>"
        headers = {name: request.headers[name] for name in SENT_ON if name in request.headers}
        answer = self.app.test_client().open(path, method=request.method, data=request.body, headers=headers)
        if self.loses_answers and "Idempotency-Key" in request.headers:
            raise requests.ReadTimeout
        context.status_code = answer.status_code
        context.headers.update(answer.headers)
        return answer.data
