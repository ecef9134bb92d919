"""`python -m tests.odoo.module_texts`: write the module's README.rst, its page in Apps and its terms again.

README.rst and static/description/index.html come from the fragments in readme/, as OCA's tools make them.
"""

import ast
import re
import subprocess
import sys

from tests.odoo import module_database, odoo_package, postgres_cluster

MODULE = module_database.OUR_ADDONS / module_database.MODULE
README, PAGE = MODULE / "README.rst", MODULE / "static/description/index.html"
TERMS = MODULE / f"i18n/{module_database.MODULE}.pot"
SECTIONS = {
    "DESCRIPTION": "",
    "INSTALL": "Installation",
    "CONFIGURE": "Configuration",
    "USAGE": "Usage",
    "ROADMAP": "Known issues / Roadmap",
    "CONTRIBUTORS": "Contributors",
}
HTML = (
    "import sys; from docutils.core import publish_string;"
    "settings = {'report_level': 2, 'halt_level': 2, 'generator': False, 'datestamp': False};"
    "sys.stdout.buffer.write(publish_string(sys.stdin.read(), writer_name='html5', settings_overrides=settings))"
)
DATES = re.compile(r'^"(POT-Creation|PO-Revision)-Date: .*\n', re.MULTILINE)


def readme() -> str:
    """The fragments under their headings."""
    manifest = ast.literal_eval((MODULE / "__manifest__.py").read_text(encoding="utf-8"))
    parts = [_underlined(manifest["name"], "=")]
    for name, heading in SECTIONS.items():
        text = (MODULE / f"readme/{name}.rst").read_text(encoding="utf-8").strip()
        parts += [*([_underlined(heading, "=")] if heading else []), text]
    return "\n\n".join(parts) + "\n"


def page(text: str) -> str:
    """README.rst as HTML. AssertionError when it has a mistake."""
    made = subprocess.run(
        [str(odoo_package.PYTHON), "-c", HTML], input=text, text=True, capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


def terms(database: str) -> str:
    """Every text of the module that can be translated, without the date of its making."""
    out = odoo_package.HOME / f"{module_database.MODULE}.pot"
    common = ("-c", str(module_database.CONFIGURATION), "-d", database)
    module_database.run("i18n", "export", *common, "-o", str(out), module_database.MODULE)
    return DATES.sub("", out.read_text(encoding="utf-8"))


def _underlined(heading: str, line: str) -> str:
    return f"{heading}\n{line * len(heading)}"


def main() -> None:
    text = readme()
    database = f"texts_{module_database.MODULE}"
    module_database.copy(module_database.prepare(), database)
    try:
        for path, content in ((README, text), (PAGE, page(text)), (TERMS, terms(database))):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            sys.stdout.write(f"{path}\n")
    finally:
        postgres_cluster.drop(database)
        module_database.forget_files(database)


if __name__ == "__main__":
    main()
