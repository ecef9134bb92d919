"""The yardstick: a Flask application with one route that returns ready bytes, and does nothing else."""

import os
from pathlib import Path

from gevent import monkey

monkey.patch_all()

from flask import Flask, Response  # noqa: E402 - gevent first, as in wsgi.py

BODY = Path(os.environ["READY_BYTES"]).read_bytes()

app = Flask("trivial")


@app.get("/")
def page() -> Response:
    return Response(BODY, content_type="text/html; charset=utf-8", headers={"Content-Encoding": "br"})
