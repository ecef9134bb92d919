"""The storefront (docs/odoo-contract.md, section 4.6)."""

import re

FIELDS = {
    *("name", "tagline", "logo", "accent", "about_html", "terms_html", "phone", "email", "street", "city"),
    *("map_url", "languages"),
}


def test_the_storefront_has_all_fields(odoo_2):
    data = odoo_2.data("storefront")
    assert set(data) >= FIELDS
    assert data["name"]
    assert re.fullmatch(r"#[0-9a-f]{6}", data["accent"])
    assert isinstance(data["languages"], list)
    assert data["languages"]


def test_settings_of_staff_are_shown(odoo_2):
    odoo_2.staff.set_storefront(name="Another Name", tagline="Another line", accent="#123456", city="Elsewhere")
    data = odoo_2.data("storefront")
    shown = [data[name] for name in ("name", "tagline", "accent", "city")]
    assert shown == ["Another Name", "Another line", "#123456", "Elsewhere"]
