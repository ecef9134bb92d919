import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lco.changes.log import Change, ChangeId
from lco.live import sse
from tests.streams import messages

ID = ChangeId(1763800000000, 7)
CHANGE = Change(ID, datetime(2026, 12, 1, 9, 30, tzinfo=UTC), "vehicle:1", "price.updated", {"vehicle_id": 1})


def read(stream):
    """The messages in `stream` as a reader of tests has them."""
    return list(messages(iter(stream.split(b"\n"))))


def test_a_message_of_several_lines_comes_out_as_it_went_in():
    assert read(sse.message([sse.data_lines("<p>\n  one\n</p>")], ID)) == [
        {"id": "1763800000000-7", "data": "<p>\n  one\n</p>"}
    ]


@given(st.text())
def test_no_text_can_break_out_of_its_data_lines(text):
    stream = sse.message([sse.data_lines(text)])
    assert all(line.startswith(b"data: ") for line in stream.removesuffix(b"\n\n").split(b"\n"))
    assert b"\r" not in stream
    assert stream.count(b"\n\n") == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_becomes_a_line_of_its_own(end):
    assert sse.data_lines(f"a{end}b") == b"data: a\ndata: b\n"


def test_separators_that_end_no_line_here_stay_what_they_are():
    assert sse.data_lines("a\u2028b\x0bc") == "data: a\u2028b\x0bc\n".encode()


def test_an_id_alone_is_a_message_and_nothing_at_all_is_none():
    assert sse.message([], ID) == b"id: 1763800000000-7\n\n"
    assert sse.message([]) == b""


def test_a_partial_names_the_element_that_htmx_morphs():
    (message,) = read(sse.message([sse.partial("card-1", "<b>new</b>")]))
    assert message["data"] == '<hx-partial id="card-1" hx-swap="outerMorph"><b>new</b></hx-partial>'


def test_an_announcement_is_always_text():
    (message,) = read(sse.message([sse.announcement("<b>Saw & Co</b>")]))
    assert message["data"] == (
        '<hx-partial id="announcement" hx-swap="textContent">&lt;b&gt;Saw &amp; Co&lt;/b&gt;</hx-partial>'
    )


def test_the_first_message_to_a_page_says_where_it_starts_and_when_to_come_back():
    assert read(sse.connected(ID)) == [{"event": "connected", "id": str(ID), "retry": "1000", "data": "{}"}]
    assert "id" not in read(sse.connected(None))[0]


def test_heartbeats_are_an_event_for_pages_and_a_comment_for_api_clients():
    assert read(sse.PAGE_HEARTBEAT) == [{"event": "heartbeat", "data": "1"}]
    assert read(sse.FEED_HEARTBEAT) == [{"comment": "heartbeat"}]


def test_an_event_is_unnamed_json_with_type_id_and_time():
    (message,) = read(sse.event(CHANGE))
    assert message["id"] == str(ID)
    assert "event" not in message
    assert json.loads(message["data"]) == {
        "type": "price.updated",
        "id": str(ID),
        "timestamp": "2026-12-01T09:30:00+00:00",
        "vehicle_id": 1,
    }


def test_data_cannot_pretend_to_be_the_type_or_the_id():
    change = Change(ID, CHANGE.at, "vehicle:1", "price.updated", {"type": "booking.created", "id": "0-0"})
    sent = json.loads(read(sse.event(change))[0]["data"])
    assert (sent["type"], sent["id"]) == ("price.updated", str(ID))


def test_a_notice_has_the_head_and_the_id_to_resume_from():
    (message,) = read(sse.notice("connected", ID, ChangeId(1, 0)))
    assert message["id"] == "1-0"
    sent = json.loads(message["data"])
    assert (sent["type"], sent["id"]) == ("connected", str(ID))
    assert datetime.fromisoformat(sent["timestamp"]).tzinfo is not None
