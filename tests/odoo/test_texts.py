"""The documents and terms of the module are current; `python -m tests.odoo.module_texts` writes them again."""

from tests.odoo import module_database, module_texts, postgres_cluster


def test_the_readme_and_the_page_of_the_apps_list_come_from_the_fragments(odoo_installed):
    text = module_texts.readme()
    assert module_texts.README.read_text(encoding="utf-8") == text
    assert module_texts.PAGE.read_text(encoding="utf-8") == module_texts.page(text)


def test_every_text_is_in_the_list_of_terms(odoo_installed):
    name = "texts_of_a_test"
    module_database.copy(odoo_installed, name)
    try:
        assert module_texts.TERMS.read_text(encoding="utf-8") == module_texts.terms(name)
    finally:
        postgres_cluster.drop(name)
        module_database.forget_files(name)
