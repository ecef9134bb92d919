from xml.etree import ElementTree as ET

import pytest

from lco.demo.pictures import DRAWINGS, drawing

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = sorted(path.stem for path in DRAWINGS.glob("*.svg"))


def test_every_picture_of_every_vehicle_can_be_had(make_demo):
    odoo = make_demo(extra_vehicles=15).test_client()
    for vehicle in odoo.get("/api/fleet/vehicles?limit=100").json["data"]:
        images = odoo.get(f"/api/fleet/vehicle/{vehicle['id']}").json["data"]["images"]
        for path in (vehicle["primary_image"], *(image["url"] for image in images)):
            answer = odoo.get(path)
            assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")


def test_the_catalogue_has_a_drawing_of_its_own_for_each_machine(odoo):
    vehicles = odoo.get("/api/fleet/vehicles").json["data"]
    assert len({odoo.get(vehicle["primary_image"]).data for vehicle in vehicles}) == len(vehicles) == 15


@pytest.mark.parametrize("picture", PICTURES)
def test_a_drawing_is_small_valid_svg_and_its_views_differ(picture):
    views = [drawing(picture, view) for view in ("whole", "close", "work")]
    assert all(ET.fromstring(view).tag == f"{SVG}svg" for view in views)
    assert len(set(views)) == 3
    assert (DRAWINGS / f"{picture}.svg").stat().st_size < 8000


@pytest.mark.parametrize(
    ("asked", "given"), [("480x360", ("480", "360")), ("480x480", ("480", "360")), ("96x30", ("40", "30"))]
)
def test_a_size_appended_scales_the_picture_and_keeps_its_sides(odoo, asked, given):
    for path in ("fleet.vehicle/3/image_1920", "fleet.vehicle.image/31/image"):
        svg = ET.fromstring(odoo.get(f"/web/image/{path}/{asked}").data)
        assert (svg.get("width"), svg.get("height")) == given


def test_the_group_for_work_shows_only_at_work():
    for picture in PICTURES:
        whole = ET.fromstring(drawing(picture, "whole")).find(f".//{SVG}g[@id='work']")
        work = ET.fromstring(drawing(picture, "work")).find(f".//{SVG}g[@id='work']")
        assert (whole.get("display"), work.get("display")) == ("none", None)
        assert len(work) > 0


def test_a_picture_may_be_kept_and_is_confirmed_by_its_etag(odoo):
    first = odoo.get("/web/image/fleet.vehicle/1/image_1920")
    assert first.cache_control.public
    assert first.cache_control.max_age > 0
    again = odoo.get("/web/image/fleet.vehicle/1/image_1920", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        *("fleet.vehicle/999/image_1920", "fleet.vehicle.image/9990/image", "fleet.vehicle.image/13/image"),
        *("fleet.vehicle/1/other_field", "res.partner/1/image_1920"),
    ],
)
def test_a_picture_that_does_not_exist_is_404(odoo, path):
    assert odoo.get(f"/web/image/{path}").status_code == 404


def test_a_replaced_picture_has_another_address_and_other_bytes(odoo):
    before = odoo.get("/api/fleet/vehicle/1").json["data"]
    odoo.post("/demo/vehicles/1", json={"picture": "chainsaw"})
    after = odoo.get("/api/fleet/vehicle/1").json["data"]
    assert after["primary_image"] == before["primary_image"] + "?unique=1"
    assert after["images"][1]["url"] == before["images"][1]["url"] + "?unique=1"
    assert odoo.get(after["primary_image"]).data == drawing("chainsaw", "whole")
