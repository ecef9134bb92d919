"""The yardstick: nginx with nchan, a publisher and subscriber module in C, as one worker process."""

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lco.live import sse
from tests import serving

PACKAGE = "libnginx-mod-nchan"
MODULES = (Path("/usr/lib/nginx/modules"), Path("/usr/lib64/nginx/modules"))
MODULE = "ngx_nchan_module.so"

CONFIG = """
load_module {module};
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 12000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /ready {{ return 200; }}
        location ~ ^/publish/(\\d+)$ {{
            nchan_publisher;
            nchan_channel_id $1;
            nchan_message_buffer_length 10;
        }}
        location ~ ^/streams/(\\d+)$ {{
            nchan_subscriber eventsource;
            nchan_channel_id $1;
            nchan_subscriber_first_message newest;
            nchan_eventsource_ping_interval {heartbeat};
        }}
    }}
}}
"""


def program() -> str | None:
    """Where nginx is; most people's PATH does not lead there."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


def module() -> Path | None:
    return next((folder / MODULE for folder in MODULES if (folder / MODULE).exists()), None)


def is_here() -> bool:
    return program() is not None and module() is not None


@contextmanager
def server() -> Iterator[serving.Server]:
    """nginx with nchan on a free port, everything it keeps in a folder of its own."""
    port = serving.free_port()
    nginx = program()
    assert nginx
    with TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(
            CONFIG.format(
                module=module(),
                # Started by root, the worker would become another user, who may not read this folder.
                user="user root;" if os.geteuid() == 0 else "",
                files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
                folder=folder,
                port=port,
                heartbeat=int(sse.HEARTBEAT_EVERY.total_seconds()),
            )
        )
        command = [nginx, "-p", folder, "-e", "stderr", "-c", str(config)]
        nginx_server = serving.Server(command, port, "/ready", log=Path(folder) / "nginx.log")
        try:
            nginx_server.start()
            yield nginx_server
        finally:
            nginx_server.stop()
