"""PostgreSQL: the truth.

`database.py` opens the pool (`pooling.py`), `migrate.py` brings the schema up to date, `queries.py` loads the named
statements of the `.sql` files beside it (`-- name: what_it_does`). Every statement lives in a `.sql` file; Python only
binds values. May import: errors, domain, ocpp, settings, runtime, metrics.
"""
