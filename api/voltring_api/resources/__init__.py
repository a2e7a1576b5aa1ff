"""One router per resource, with its statements in the `.sql` file of the same name beside it.

A handler reads its arguments, runs one statement, and returns a model; `policy.py` has decided before that it may.
`paging.py` holds what the lists share. Read `chargers.py` first.
"""
