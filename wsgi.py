"""What the server loads. gunicorn's gevent worker has patched what waits before that; others use threads."""

from lco import create_app

app = create_app()
