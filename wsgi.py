"""What the server loads. Everything that waits must be patched before it is imported, so gevent comes first."""

from gevent import monkey

monkey.patch_all()

from lco import create_app  # noqa: E402 - see above

app = create_app()
