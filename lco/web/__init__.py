"""The common parts of all routes: templates, filters, regions, the page cache, headers, limits, errors, logs.

Routes stand in `lco.blueprints`. Nothing here knows what a booking may do; services say that.
"""
