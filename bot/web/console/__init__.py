"""The staff console at `/console`: sections of pages, each with its table of routes, on one frame."""
