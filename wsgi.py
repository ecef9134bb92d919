"""What the server loads. gunicorn's gevent worker has patched what waits before that; others use threads."""

import sys

from lco import create_app
from lco.settings import Settings, SettingsError
from lco.web.logs import configure

try:
    settings = Settings.from_environment()
    configure(settings.log_level, settings.log_format)
    app = create_app(settings)
except SettingsError as error:
    sys.exit(f"The site cannot start. {error}")
