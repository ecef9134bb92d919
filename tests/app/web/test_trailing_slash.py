import pytest


@pytest.fixture(autouse=True)
def _odoo(odoo):
    return odoo


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/equipment/", "/equipment"),
        ("/about/", "/about"),
        ("/contact//", "/contact"),
        ("/equipment/?q=saw&sort=price", "/equipment?q=saw&sort=price"),
        ("/equipment/1-professional-snow-blower/", "/equipment/1-professional-snow-blower"),
    ],
)
def test_a_slash_at_the_end_leads_to_the_one_form(client, path, target):
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (301, target)


@pytest.mark.parametrize("path", ["/nowhere/", "/about/evil.example/", "/equipment/1/2/3/"])
def test_an_unknown_address_stays_404(client, path):
    assert client.get(path).status_code == 404


def test_only_reading_is_redirected(client):
    assert client.post("/about/").status_code in {404, 405}


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("", "/equipment"),
        ("?sort=price&q=saw", "/equipment"),
        ("?page=1", "/equipment"),
        ("?category=Power+Tools", "/equipment?category=Power+Tools"),
        ("?category=Power+Tools&brand=Stihl", "/equipment?category=Power+Tools"),
        ("?page=2", "/equipment"),
    ],
)
def test_categories_are_pages_of_their_own(client, query, canonical):
    page = client.get(f"/equipment{query}").text
    assert f'<link rel="canonical" href="http://localhost{canonical}">' in page


def test_second_page_is_a_page_of_its_own(client, odoo):
    for number in range(15):
        odoo.control("vehicles", name=f"Trailer {number}", rental_price_daily=50)
    page = client.get("/equipment?page=2").text
    assert '<link rel="canonical" href="http://localhost/equipment?page=2">' in page
