"""How many bytes a first visit to /equipment takes over the wire, pictures aside."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import report
from tests import serving

REPLACED = 132_000  # bytes of the same visit to the system that this one replaces


def transferred(url: str, encoding: str) -> int:
    with requests.get(url, headers={"Accept-Encoding": encoding}, stream=True, timeout=10) as answer:
        return len(answer.raw.read(decode_content=False))


def linked(url: str, page: str) -> list[str]:
    """The paths of style sheet, scripts and face; the style sheet names the face."""
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page))
    sheets = (requests.get(url + path, timeout=10).text for path in files if path.endswith(".css"))
    return sorted(files | {path for sheet in sheets for path in re.findall(r"/static/[^\")]+\.woff2", sheet)})


def main() -> None:
    report.title("Weight of a first visit to /equipment (promise: 40,000 bytes at most)")
    with serving.demo() as odoo, TemporaryDirectory() as folder, serving.site(odoo.url, Path(folder)) as site:
        page = requests.get(f"{site.url}/equipment", timeout=10).text
        files = linked(site.url, page)
        for encoding in ("br", "gzip"):
            sizes = {path: transferred(site.url + path, encoding) for path in ["/equipment", *files]}
            total = sum(sizes.values())
            report.fact(f"{encoding}, all", f"{total:,} bytes, {total / REPLACED:.2f} of the system it replaces")
            for path, size in sizes.items():
                report.fact(f"  {path}", f"{size:,}")
