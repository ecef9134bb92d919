"""What all routes share: templates and their filters, regions, the page cache, headers, limits, errors, logs.

Routes stand in `lco.blueprints`. Nothing here knows what a booking may do; services say that.
"""
