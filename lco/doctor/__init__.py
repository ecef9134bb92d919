"""Examine a site as it is configured: one finding for each part, with the setting and the remedy.

`configuration` judges the settings alone, `parts` asks the database, Redis, Odoo and the mail server, and `public`
looks at the site from outside. Nothing here changes anything, and nothing here is needed to serve a page.
"""

from lco.doctor.findings import Finding, Level

__all__ = ["Finding", "Level"]
