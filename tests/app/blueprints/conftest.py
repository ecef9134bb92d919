"""Streams of the application, read while they are open."""

import pytest

from tests.streams import OpenStream


@pytest.fixture
def open_stream(client, odoo):
    """Opens an event stream by its address. All are closed when the test ends."""
    opened = []

    def get(url, **more):
        response = client.get(url, **more)
        opened.append(response)
        return OpenStream(response)

    yield get
    for response in opened:
        response.close()
