"""The documents and the list of terms of the module are made; `python -m tests.odoo.texts` makes them again."""

from tests.odoo import cluster, installed, texts


def test_the_readme_and_the_page_of_the_apps_list_come_from_the_fragments(odoo_installed):
    text = texts.readme()
    assert texts.README.read_text(encoding="utf-8") == text
    assert texts.PAGE.read_text(encoding="utf-8") == texts.page(text)


def test_every_text_is_in_the_list_of_terms(odoo_installed):
    name = "texts_of_a_test"
    installed.copy(odoo_installed, name)
    try:
        assert texts.TERMS.read_text(encoding="utf-8") == texts.terms(name)
    finally:
        cluster.drop(name)
        installed.forget_files(name)
