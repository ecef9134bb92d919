"""Reads the catalogue of another shop over its public API (docs/odoo-contract.md, section 1)."""

import base64
from urllib.parse import urljoin, urlsplit

import requests
from odoo.exceptions import UserError

ANSWER_WITHIN = 20  # seconds
PAGE = 100
LARGEST_PICTURE = 20 * 1024 * 1024  # bytes


class ShopReader:
    """`url` is the address of the shop's Odoo, `key` its API key, if it has one."""

    def __init__(self, env, url, key=""):
        self._env = env
        self._url = url.rstrip("/") + "/"
        self._headers = {"X-API-Key": key} if key else {}
        self.host = (urlsplit(url).hostname or "shop").replace(".", "_")

    def vehicles(self):
        """Each vehicle in the long form. Raises UserError when the shop does not answer as the contract says."""
        offset, more = 0, True
        while more:
            page = self._get("api/fleet/vehicles", limit=PAGE, offset=offset)
            for line in page["data"]:
                yield self._get(f"api/fleet/vehicle/{int(line['id'])}")["data"]
            offset += len(page["data"])
            more = bool(page["data"]) and page.get("pagination", {}).get("has_more", False)

    def picture(self, path):
        """A picture in base64; None when there is none, or it cannot be read."""
        if not path:
            return None
        try:
            answer = requests.get(urljoin(self._url, path), timeout=ANSWER_WITHIN)
        except requests.RequestException:
            return None
        is_picture = answer.ok and answer.headers.get("Content-Type", "").startswith("image/")
        return base64.b64encode(answer.content) if is_picture and len(answer.content) <= LARGEST_PICTURE else None

    def _get(self, path, **query):
        try:
            answer = requests.get(
                urljoin(self._url, path), params=query, headers=self._headers, timeout=ANSWER_WITHIN
            )
            content = answer.json()
            content["data"]  # an answer without data, whether an error or none of the contract's, cannot be read
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            message = self._env._("%(url)s cannot be read: %(error)s", url=urljoin(self._url, path), error=error)
            raise UserError(message) from error
        return content
