"""Cached answers of Odoo.

This package holds the stale-while-revalidate cache, the bound on its memory, and the protocols of the backends
behind it. It does not know what is cached: keys, ages and loaders come from the services. Finished pages are
cached in `lco.web.page_cache`, pictures in `lco.catalogue.pictures`.
"""
