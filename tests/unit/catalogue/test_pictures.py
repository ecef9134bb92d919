from datetime import timedelta

import pytest
import requests

from lco import clock
from lco.caching.swr import StaleWhileRevalidateCache
from lco.catalogue.pictures import MAX_AGE, Pictures
from lco.errors import NotFound, OdooError
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport

URL = "http://odoo.test"
PATH = "fleet.vehicle/7/image_1920"
AT_ODOO = f"{URL}/web/image/{PATH}/480x360"
PNG = {"content": b"\x89PNG", "headers": {"Content-Type": "image/png"}}


def test_a_picture_is_read_in_the_size_asked_for_and_kept(pictures, requests_mock):
    requests_mock.get(AT_ODOO, **PNG)
    for _ in range(3):
        picture = pictures.read(PATH, "480x360")
        assert (picture.content, picture.content_type) == (b"\x89PNG", "image/png")
    assert requests_mock.call_count == 1


@pytest.mark.parametrize(
    "path", ["fleet.vehicle/7/image_1920", "fleet.vehicle.image/71/image", "fleet.vehicle.model/3/image_128"]
)
def test_pictures_of_vehicles_are_served(pictures, requests_mock, path):
    requests_mock.get(f"{URL}/web/image/{path}/240x180", **PNG)
    assert pictures.read(path, "240x180").content


@pytest.mark.parametrize(
    "path",
    [
        "res.users/1/avatar_128",
        "ir.attachment/1/datas",
        "fleet.vehicle/../../web/login",
        "fleet.vehicle/7/image_1920/../../../../web/login",
        "fleet.vehicle/7/image_1920?download=1",
        "fleet.vehicle/7/image_1920\n",
        "fleet.vehicle/x/image",
        "fleet.vehicle/7/",
        "fleet.vehicles/7/image",
        "fleet.vehicle/7/Image",
        "",
    ],
)
def test_the_site_is_no_way_into_other_files_of_odoos(pictures, requests_mock, path):
    with pytest.raises(NotFound):
        pictures.read(path, "480x360")
    assert requests_mock.call_count == 0


@pytest.mark.parametrize("size", ["1x1", "9999x9999", "480X360", "", "480x360/../x"])
def test_only_sizes_that_pages_use_are_served(pictures, requests_mock, size):
    with pytest.raises(NotFound):
        pictures.read(PATH, size)
    assert requests_mock.call_count == 0


def test_a_picture_that_odoo_does_not_have_is_not_found_and_not_asked_for_again(pictures, requests_mock):
    requests_mock.get(AT_ODOO, status_code=404)
    for _ in range(2):
        with pytest.raises(NotFound):
            pictures.read(PATH, "480x360")
    assert requests_mock.call_count == 1


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/javascript", ""])
def test_what_is_no_picture_is_not_served_as_one(pictures, requests_mock, kind):
    requests_mock.get(AT_ODOO, content=b"<script>", headers={"Content-Type": kind})
    with pytest.raises(NotFound):
        pictures.read(PATH, "480x360")


@pytest.mark.parametrize("kind", ["image/svg+xml; charset=utf-8", "image/webp", "image/jpeg"])
def test_the_kinds_of_pictures_that_browsers_show_are_served(pictures, requests_mock, kind):
    requests_mock.get(AT_ODOO, content=b"x", headers={"Content-Type": kind})
    assert pictures.read(PATH, "480x360").content_type == kind


def test_a_picture_once_read_stays_while_odoo_is_away(pictures, requests_mock):
    requests_mock.get(AT_ODOO, [PNG, {"exc": requests.ConnectTimeout}])
    pictures.read(PATH, "480x360")
    with clock.moved(MAX_AGE + timedelta(minutes=1)):
        assert pictures.read(PATH, "480x360").content == b"\x89PNG"


def test_a_picture_never_read_is_an_error_while_odoo_is_away(pictures, requests_mock):
    requests_mock.get(AT_ODOO, exc=requests.ConnectTimeout)
    with pytest.raises(OdooError):
        pictures.read(PATH, "480x360")


@pytest.fixture
def pictures():
    return Pictures(OdooClient(Transport(URL)), StaleWhileRevalidateCache())
