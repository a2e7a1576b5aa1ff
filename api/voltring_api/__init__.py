"""The operators' side: the REST API under `/v1`, the live feed, and the dashboard's static files.

Read `app.py` first: it builds all parts and hands them on. `policy.py` says who may do what, `resources/` holds one
router (and its `.sql`) per resource, `models/` what goes in and out, `dispatch.py` how a command leaves. The pure
parts are `policy`, `text`, `cursors`, `statements`, `prefer`, `wording` and `models`.
May import: voltring_core, never another room. The dashboard (`dashboard/`) speaks to `/v1` alone.
"""
