import io
import json
import logging
import logging.config
from datetime import timedelta

import pytest

from lco import clock
from lco.errors import OdooUnavailable
from lco.web.logs import configuration, request_id

log = logging.getLogger("lco.test_logs")


@pytest.fixture
def written():
    """Configure logging as a server does, and return what it writes as a list of lines."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()

    def configured(form, least="INFO"):
        shape = configuration(least, form)
        shape["handlers"]["stderr"]["stream"] = stream
        logging.config.dictConfig(shape)
        return lambda: stream.getvalue().splitlines()

    yield configured
    root.handlers[:] = before
    root.setLevel(level)
    logging.getLogger("lco").setLevel(logging.NOTSET)


def unavailable():
    try:
        try:
            raise ConnectionRefusedError("10.0.0.1")
        except OSError as error:
            raise OdooUnavailable from error
    except OdooUnavailable:
        log.exception("the list could not be read")


def test_json_lines_have_time_level_logger_request_and_fields(written):
    lines = written("json")
    token = request_id.set("request-1")
    log.info("request %s", "status=200", extra={"status": 200})
    request_id.reset(token)
    line = json.loads(lines()[0])
    assert {"time", "level", "logger", "process", "request_id", "message", "status"} <= line.keys()
    assert (line["level"], line["logger"], line["request_id"], line["status"]) == (
        "INFO",
        "lco.test_logs",
        "request-1",
        200,
    )


def test_text_lines_name_level_logger_and_request(written):
    lines = written("text")
    log.info("ready")
    (line,) = lines()
    assert "INFO" in line
    assert "lco.test_logs [-] ready" in line


def test_a_line_below_the_level_is_not_written(written):
    lines = written("text", "WARNING")
    log.info("ready")
    assert lines() == []


def test_a_lasting_failure_is_one_line_a_minute_with_its_cause_and_count(written):
    lines = written("text")
    for _ in range(100):
        unavailable()
    (line,) = lines()
    assert "the list could not be read: upstream_unreachable (ConnectionRefusedError)" in line
    with clock.moved(timedelta(seconds=61)):
        unavailable()
    assert "(99 more of this kind since)" in lines()[1]
    assert len(lines()) == 2


def test_one_cause_is_one_kind_however_many_parts_report_it(written):
    lines = written("text")
    for part in ("bookings", "webhooks", "mails", "catalogue"):
        log.error("work failed: %s", part, exc_info=OdooUnavailable())
    assert len(lines()) == 1


def test_lines_that_name_one_cause_are_one_kind(written):
    lines = written("text")
    log.warning("a calendar is shown without its days: %s", OdooUnavailable.code)
    log.warning("the limits of vehicle %d cannot be read: %s", 7, OdooUnavailable.code)
    log.error("the list could not be read", exc_info=OdooUnavailable())
    assert len(lines()) == 1


def test_other_failures_are_written_beside_a_lasting_one(written):
    lines = written("text")
    unavailable()
    log.error("something else")
    assert len(lines()) == 2


def test_an_unexpected_error_keeps_its_traceback(written):
    lines = written("text")
    log.error("unexpected", exc_info=ValueError("odd"))
    assert lines()[-1] == "ValueError: odd"
