"""HTTP: each blueprint parses, calls one service and renders.

Here belong the routes, the schemas of forms and JSON bodies that only one route reads, and the description of the
JSON API. Decisions do not belong here: services take them. Code that several routes need, such as regions,
templates, headers and limits, is in `lco.web`.
"""
