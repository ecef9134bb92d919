"""HTTP: each blueprint parses, calls one service and renders."""
