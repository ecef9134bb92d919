from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from lco import clock
from lco.catalogue.picture_store import PictureStore
from lco.catalogue.pictures import MAX_AGE, Pictures
from lco.catalogue.snapshot import Snapshot
from lco.domain.vehicle import Details, Picture, Rates, Status, Vehicle
from lco.errors import NotFound, OdooError
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport

URL = "http://odoo.test"
PATH = "fleet.vehicle/7/image_1920"
GALLERY = "fleet.vehicle.image/71/image"
AT_ODOO = f"{URL}/web/image/{PATH}/480x360"
PNG = {"content": b"\x89PNG", "headers": {"Content-Type": "image/png"}}
MAIN = Picture(f"{URL}/web/image/{PATH}", "A saw", sized=True)
VERSIONED = replace(MAIN, version="111")
SIZE = "480x360"


class Catalogue:
    """One vehicle with a main picture and a gallery."""

    def __init__(self) -> None:
        self.vehicle = Vehicle(7, "Saw", "saw", Status.AVAILABLE, Rates(), picture=MAIN)

    def vehicles(self) -> Snapshot:
        return Snapshot((self.vehicle,))

    def details(self, vehicle_id: int) -> Details:
        if vehicle_id != 7:
            raise NotFound
        return Details(self.vehicle, pictures=(Picture(f"{URL}/web/image/{GALLERY}", "At work", sized=True),))


def test_a_picture_is_fetched_in_the_size_asked_for_once(pictures, requests_mock):
    requests_mock.get(AT_ODOO, **PNG)
    for _ in range(3):
        picture = pictures.read(MAIN, SIZE)
        assert (picture.content, picture.content_type) == (b"\x89PNG", "image/png")
    assert requests_mock.call_count == 1


def test_main_pictures_are_found_by_path_and_those_of_a_gallery_by_vehicle(pictures):
    assert pictures.find(PATH, SIZE) == MAIN
    assert pictures.find(GALLERY, SIZE, 7).caption == "At work"


@pytest.mark.parametrize(
    ("path", "vehicle_id"),
    [
        ("fleet.vehicle/8/image_1920", None),
        ("fleet.vehicle/7/image_1024", None),
        ("fleet.vehicle/07/image_1920", None),
        (GALLERY, None),
        (GALLERY, 8),
        ("fleet.vehicle.image/72/image", 7),
        ("fleet.vehicle.nope/1/x", None),
        ("res.users/1/avatar_128", None),
        ("fleet.vehicle/../../web/login", None),
        ("fleet.vehicle/7/image_1920/../../../../web/login", None),
        ("fleet.vehicle/7/image_1920?download=1", None),
        ("fleet.vehicle/7/image_1920\n", None),
        ("fleet.vehicle/\u0667/image_1920", None),
        ("", None),
    ],
)
def test_a_picture_that_the_shop_does_not_show_is_not_found_and_odoo_is_not_asked(
    pictures, requests_mock, path, vehicle_id
):
    with pytest.raises(NotFound):
        pictures.find(path, SIZE, vehicle_id)
    assert requests_mock.call_count == 0


@pytest.mark.parametrize("size", ["1x1", "9999x9999", "480X360", "", "480x360/../x"])
def test_a_size_that_no_page_uses_is_not_found(pictures, size):
    with pytest.raises(NotFound):
        pictures.find(PATH, size)


def test_a_picture_that_odoo_does_not_have_is_not_found_and_leaves_nothing_behind(
    pictures, requests_mock, tmp_path
):
    requests_mock.get(AT_ODOO, status_code=404)
    with pytest.raises(NotFound):
        pictures.read(MAIN, SIZE)
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/javascript", ""])
def test_a_file_that_is_no_picture_is_not_served(pictures, requests_mock, kind):
    requests_mock.get(AT_ODOO, content=b"<script>", headers={"Content-Type": kind})
    with pytest.raises(NotFound):
        pictures.read(MAIN, SIZE)


@pytest.mark.parametrize("kind", ["image/svg+xml; charset=utf-8", "image/webp", "image/jpeg"])
def test_the_kinds_of_pictures_that_browsers_show_are_served(pictures, requests_mock, kind):
    requests_mock.get(AT_ODOO, content=b"x\ny\n", headers={"Content-Type": kind})
    for _ in range(2):
        picture = pictures.read(MAIN, SIZE)
        assert (picture.content, picture.content_type) == (b"x\ny\n", kind)


def test_a_picture_without_a_version_is_fetched_again_when_it_is_old(pictures, requests_mock):
    requests_mock.get(AT_ODOO, [PNG, {**PNG, "content": b"new"}])
    pictures.read(MAIN, SIZE)
    with clock.moved(MAX_AGE + timedelta(minutes=1)):
        assert pictures.read(MAIN, SIZE).content == b"new"


def test_a_picture_with_another_version_is_fetched_at_once_and_then_never_again(pictures, requests_mock):
    requests_mock.get(AT_ODOO, [PNG, {**PNG, "content": b"new"}])
    pictures.read(VERSIONED, SIZE)
    replaced = replace(VERSIONED, version="222")
    assert pictures.read(replaced, SIZE).content == b"new"
    with clock.moved(timedelta(days=300)):
        assert pictures.read(replaced, SIZE).content == b"new"
    assert requests_mock.call_count == 2


def test_an_old_picture_is_served_while_odoo_is_unavailable(pictures, requests_mock):
    requests_mock.get(AT_ODOO, [PNG, {"exc": requests.ConnectTimeout}])
    pictures.read(MAIN, SIZE)
    with clock.moved(MAX_AGE + timedelta(minutes=1)):
        assert pictures.read(MAIN, SIZE).content == b"\x89PNG"


def test_a_picture_that_was_never_fetched_is_an_error_while_odoo_is_unavailable(pictures, requests_mock):
    requests_mock.get(AT_ODOO, exc=requests.ConnectTimeout)
    with pytest.raises(OdooError):
        pictures.read(MAIN, SIZE)


@pytest.fixture
def pictures(tmp_path):
    return Pictures(OdooClient(Transport(URL)), Catalogue(), PictureStore(tmp_path / "pictures"))
