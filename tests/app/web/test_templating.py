"""The globals of templates, independent of what loads them first."""

import pytest
from jinja2 import UndefinedError


@pytest.fixture
def environment(app):
    return app.jinja_env


def test_the_globals_of_a_template_are_one_plain_dictionary(environment):
    loaded = environment.get_template("partials/regions/rates.html")
    assert type(loaded.globals) is dict
    assert loaded.globals.items() >= environment.globals.items()


def test_a_missing_value_of_a_template_is_an_error(environment):
    with pytest.raises(UndefinedError):
        environment.from_string("{{ nothing_of_this_name }}").render()


def test_text_loses_forbidden_characters_and_markup_is_escaped(environment):
    template = environment.from_string("{% autoescape true %}{{ text }}{% endautoescape %}")
    assert template.render(text="a\x00<b>\ufffe") == "a&lt;b&gt;"
