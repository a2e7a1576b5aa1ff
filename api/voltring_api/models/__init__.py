"""What goes in and out of the API, one file per resource, as it stands in the OpenAPI description.

Pure. What comes in is strict (an unknown field is an error that names it); what goes out is built from rows of the
statements beside the routers. Read `base.py` first. May import: the core's pure parts.
"""
