"""The business as Odoo presents it (docs/odoo-contract.md, section 4.6)."""

from typing import NamedTuple

from lco.domain.vehicle import Picture


class Storefront(NamedTuple):
    """An empty text means that Odoo says nothing. The HTML is already cleaned and safe to print as it is."""

    name: str = ""
    tagline: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    map_url: str = ""
    accent: str = ""
    """A colour like `#2d5016` on which white text can be read."""
    about_html: str = ""
    terms_html: str = ""
    logo: Picture | None = None
