"""Pages for those who build the shop; only a shop in front of the demo has them."""

from flask import Blueprint, Response, make_response, render_template

from lco.domain.date_range import DAY, DateRange
from lco.web.extensions import current_services
from lco.web.state_examples import sections

blueprint = Blueprint("dev", __name__, url_prefix="/dev")


@blueprint.get("/states")
def states() -> Response:
    """`GET /dev/states`: every state of every part, to look at all at once; 200, not cached."""
    services = current_services()
    vehicle = services.catalogue.vehicles().featured_first[0]
    start = services.rules.first_start + DAY * 7
    page = render_template(
        "pages/states.html", sections=list(sections(vehicle, DateRange(start, start + DAY * 3)))
    )
    return make_response(page, {"Cache-Control": "no-store"})
