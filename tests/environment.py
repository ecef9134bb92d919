"""Settings as a process with exactly this environment reads them."""

import os
from collections.abc import Mapping
from unittest.mock import patch

from lco.settings import Settings


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of an environment that holds only `environ`. Raises SettingsError."""
    with patch.dict(os.environ, environ, clear=True):
        return Settings.from_environment()
