"""Event streams: open pages are kept up to date, API clients get public events.

The hub takes changes from the change log, renders the regions of pages, and sends them over connections. This
package knows no HTTP request and no vehicle: what a region shows is decided in `lco.web.regions`, and the routes
are in `lco.blueprints.live`. docs/live.md describes how the parts work together.
"""
