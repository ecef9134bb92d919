"""The documents agree with the code."""

import re
from pathlib import Path

from lco.web.assets import prepared

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
BASES = (ROOT, ROOT / "lco", ROOT / "lco/demo", ROOT / "odoo_addons/fleet_rental_storefront")
"""A document may leave out the folder that it is about."""
VENDOR = ROOT / "lco/static/vendor"
SOURCES = ("lco", "bench", "odoo_addons", "tests/app", "tests/contract", "tests/demo")
GLOSSARY_TERMS_AT_LEAST = 25
OWN_SCRIPTS_AT_MOST = 8_000


def test_every_command_of_the_readme_is_in_the_makefile():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z-]+)", README)) <= targets


def test_every_file_the_documents_link_to_exists():
    for document in DOCUMENTS:
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_every_section_the_documents_link_to_exists():
    for document in DOCUMENTS:
        for link, section in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text()):
            target = document.parent / link if link else document
            assert section in anchors(target), f"{document.name}: {link}#{section}"


def anchors(document: Path) -> set[str]:
    """The headings of a document, as links name them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_path_the_documents_name_exists():
    for document in DOCUMENTS:
        for path in re.findall(r"`([\w.-]+/[\w./-]+)`", document.read_text()):
            if path.endswith((".py", ".md", ".yaml", ".conf")) or path.startswith(("lco/", "tests/", "deploy/")):
                assert any((base / path).exists() for base in BASES), f"{document.relative_to(ROOT)}: {path}"


def test_the_architecture_names_every_package_and_module():
    text = (ROOT / "docs/architecture.md").read_text()
    parts = [path for path in (ROOT / "lco").iterdir() if not path.name.startswith("__")]
    named = [f"`lco/{path.name}{'/' if path.is_dir() else ''}`" for path in parts]
    assert not [name for name in named if name not in text]


def test_the_architecture_links_to_the_glossary_first():
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "docs/architecture.md").read_text())
    assert links[0] == "glossary.md"


def test_the_glossary_explains_each_term_once():
    terms = re.findall(r"^\| ([^|]+) \| ", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    terms = [term for term in terms if term not in {"term", "---"}]
    assert len(terms) >= GLOSSARY_TERMS_AT_LEAST
    assert len(terms) == len(set(terms))


def test_every_decision_has_the_same_headings():
    decisions = sorted((ROOT / "docs/adr").glob("0*.md"))
    assert decisions
    for number, decision in enumerate(decisions, start=1):
        text = decision.read_text()
        assert text.startswith(f"# {number}. "), decision.name
        assert re.search(r"^Status: (accepted|replaced by)", text, re.MULTILINE), decision.name
        assert re.search(r"^Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE), decision.name
        headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], decision.name
        assert f"({decision.name})" in (ROOT / "docs/adr/README.md").read_text(), decision.name


def test_the_vendored_htmx_is_the_version_in_its_name():
    (script,) = VENDOR.glob("htmx-*.min.js")
    version = script.name.removeprefix("htmx-").removesuffix(".min.js")
    assert f'version="{version}"' in script.read_text().replace("'", '"').replace(" ", "")
    assert (VENDOR / f"hx-sse-{version}.min.js").exists()
    assert (VENDOR / "LICENSE-htmx.txt").exists()


def test_scripts_of_our_own_stay_small():
    own = list((prepared().folder / "js").glob("*.js"))
    assert own
    assert sum(path.stat().st_size for path in own) <= OWN_SCRIPTS_AT_MOST


def test_every_section_of_the_contract_that_code_names_exists():
    headings = re.findall(r"^##+ ([\d.]+\d|\d)\.? ", (ROOT / "docs/odoo-contract.md").read_text(), re.MULTILINE)
    sources = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    for path in sources:
        text = path.read_text()
        for named in re.findall(r"odoo-contract\.md, sections? ((?:[\d.]*\d(?:, | and )?)+)", text):
            assert set(re.findall(r"[\d.]*\d", named)) <= set(headings), f"{path.relative_to(ROOT)}: {named}"
        assert not re.search(r"\bcontract section", text), f"{path.relative_to(ROOT)} does not name the document"
