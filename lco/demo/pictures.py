"""The pictures of the equipment: one drawing for each machine, seen whole, up close and at work."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request

from lco.demo.inventory import Inventory
from lco.demo.refusals import UnknownVehicle
from lco.demo.vehicles import VIEWS, Vehicle

DRAWINGS = Path(__file__).with_name("pictures")
WIDTH, HEIGHT = 960, 720
A_DAY = 86400  # seconds
WHOLE = f'viewBox="0 0 {WIDTH} {HEIGHT}"'


def primary_path(vehicle: Vehicle) -> str:
    """The path of a vehicle's main picture at Odoo; a picture that was replaced has another one."""
    return f"/web/image/fleet.vehicle/{vehicle.id}/image_1920{_unique(vehicle)}"


def _unique(vehicle: Vehicle) -> str:
    return f"?unique={vehicle.picture_version}" if vehicle.picture_version else ""


def gallery(vehicle: Vehicle) -> list[dict[str, Any]]:
    """The pictures of one vehicle as the API lists them, the main one first."""
    names = (vehicle.name, f"{vehicle.name}, close up", f"{vehicle.name} at work")
    return [
        {
            "id": image_id,
            "name": name,
            "url": f"/web/image/fleet.vehicle.image/{image_id}/image{_unique(vehicle)}",
            "is_primary": not view,
        }
        for view, name in enumerate(names)
        for image_id in [vehicle.id * 10 + view]
    ]


def drawing(picture: str, view: str, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """The SVG of one view, scaled to fit into `width` by `height` pixels with its sides kept at 4:3.

    A drawing names its own close-up as `data-close="x y width height"`, and carries what only shows at work in a
    group that is otherwise not displayed.
    """
    svg = _file(picture)
    scale = min(width / WIDTH, height / HEIGHT)
    box = WHOLE
    if view == "close" and (close := re.search(r'data-close="([^"]+)"', svg)):
        box = f'viewBox="{close[1]}"'
    if view == "work":
        svg = svg.replace('id="work" display="none"', 'id="work"')
    size = f'width="{round(WIDTH * scale)}" height="{round(HEIGHT * scale)}"'
    return svg.replace(WHOLE, f"{size} {box}", 1).encode()


@cache
def _file(picture: str) -> str:
    return (DRAWINGS / f"{picture}.svg").read_text(encoding="utf-8")


def image_pages(inventory: Inventory) -> Blueprint:
    """The blueprint that answers /web/image/…, with or without a size appended, as Odoo does."""
    images = Blueprint("images", __name__, url_prefix="/web/image")

    @images.get("/fleet.vehicle/<int:vehicle_id>/image_1920")
    @images.get("/fleet.vehicle/<int:vehicle_id>/image_1920/<int:width>x<int:height>")
    def primary(vehicle_id: int, width: int = WIDTH, height: int = HEIGHT) -> Response:
        return _answer(inventory, vehicle_id, "whole", width, height)

    @images.get("/fleet.vehicle.image/<int:image_id>/image")
    @images.get("/fleet.vehicle.image/<int:image_id>/image/<int:width>x<int:height>")
    def of_gallery(image_id: int, width: int = WIDTH, height: int = HEIGHT) -> Response:
        vehicle_id, view = divmod(image_id, 10)
        if view >= len(VIEWS):
            abort(404)
        return _answer(inventory, vehicle_id, VIEWS[view], width, height)

    return images


def _answer(inventory: Inventory, vehicle_id: int, view: str, width: int, height: int) -> Response:
    try:
        vehicle = inventory.vehicle(vehicle_id)
    except UnknownVehicle:
        abort(404)
    response = Response(drawing(vehicle.picture, view, width, height), mimetype="image/svg+xml")
    response.cache_control.public = True
    response.cache_control.max_age = A_DAY
    response.add_etag()
    response.make_conditional(request)
    return response
