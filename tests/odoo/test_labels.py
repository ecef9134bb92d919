"""The labels that staff print: what a phone reads from their codes leads to the pages of the machines."""

from collections.abc import Iterator

import pypdfium2
import pytest
import requests
import zxingcpp

from tests.odoo.odoo_server import VEHICLE

DOTS_PER_POINT = 150 / 72
A_SHEET = 10


@pytest.fixture(scope="module")
def staff(odoo) -> Iterator[requests.Session]:
    """A browser of staff, logged in to Odoo."""
    with requests.Session() as session:
        login = {"db": odoo.database, "login": "admin", "password": "admin"}
        answer = session.post(f"{odoo.url}/web/session/authenticate", json={"params": login}, timeout=30)
        assert "result" in answer.json(), answer.text
        yield session


def labels(odoo, staff, ids: list[int]) -> bytes:
    """The PDF behind the button for these machines."""
    action = odoo.call(VEHICLE, "action_print_labels", ids)
    answer = staff.get(odoo.url + action["url"], timeout=30)
    assert answer.headers["Content-Type"] == "application/pdf", answer.text
    return answer.content


def codes(pdf: bytes) -> list[list[str]]:
    """What the codes of each page say, in no order, read from a picture of the page as printed."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [_read(page) for page in document]


def _read(page: pypdfium2.PdfPage) -> list[str]:
    printed = page.render(scale=DOTS_PER_POINT, grayscale=True)
    rows = memoryview(printed.buffer).cast("B").cast("B", (printed.height, printed.stride))
    return [code.text for code in zxingcpp.read_barcodes(rows, formats=zxingcpp.BarcodeFormat.QRCode)]


def pages_of(odoo, site, ids: list[int]) -> set[str]:
    """The addresses of these machines' pages on the site."""
    slugs = odoo.call(VEHICLE, "read", ids, fields=["rental_slug"])
    return {f"{site.url}/equipment/{machine['id']}-{machine['rental_slug']}" for machine in slugs}


def test_the_code_of_each_label_holds_the_address_of_its_machine(odoo, site, staff):
    ids = odoo.call(VEHICLE, "search", domain=[["rental_published", "=", True]])
    read = codes(labels(odoo, staff, ids))
    assert [len(page) for page in read] == [A_SHEET, len(ids) - A_SHEET]
    assert {code for page in read for code in page} == pages_of(odoo, site, ids)


def test_a_phone_that_follows_the_code_comes_to_the_machine_without_a_detour(odoo, site, staff):
    ((address,),) = codes(labels(odoo, staff, [4]))
    answer = requests.get(address, allow_redirects=False, timeout=30)
    assert answer.status_code == 200
    (machine,) = odoo.call(VEHICLE, "read", [4], fields=["rental_public_name"])
    assert machine["rental_public_name"] in answer.text
