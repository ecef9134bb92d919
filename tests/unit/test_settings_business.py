import pytest

from lco.settings import Settings, SettingsError


def business(monkeypatch, **environ):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment().business()


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+1 218-555-0142", "(218) 555-0142"),
        ("218.555.0142", "(218) 555-0142"),
        ("+44 20 7946 0958", "+44 20 7946 0958"),
        ("1-800-MOWERS", "1-800-MOWERS"),
    ],
)
def test_phone_of_the_united_states_is_written_as_there(monkeypatch, number, shown):
    assert business(monkeypatch, BUSINESS_PHONE=number).phone == shown


def test_promises_are_separated_by_semicolons(monkeypatch):
    promises = business(monkeypatch, BUSINESS_PROMISES="Price first;  Delivery, too ;").promises
    assert promises == ("Price first", "Delivery, too")


@pytest.mark.parametrize("colour", ["#2d5016", "#7A1F1F", "#0b4f6c", "#000000"])
def test_accent_on_which_white_text_can_be_read_is_taken(monkeypatch, colour):
    assert business(monkeypatch, BUSINESS_ACCENT=colour).accent == colour.lower()


@pytest.mark.parametrize("colour", ["#f4c95d", "#ffffff", "red", "#123", "#2d5016;}"])
def test_accent_that_hides_white_text_is_refused(monkeypatch, colour):
    with pytest.raises(SettingsError, match="BUSINESS_ACCENT"):
        business(monkeypatch, BUSINESS_ACCENT=colour)


@pytest.mark.parametrize("address", ["http://map.example", "map.example", "javascript:alert(1)"])
def test_map_is_an_https_address(monkeypatch, address):
    with pytest.raises(SettingsError, match="BUSINESS_MAP_URL"):
        business(monkeypatch, BUSINESS_MAP_URL=address)
