"""What the system means, in one vocabulary for all versions of OCPP: state and `now` in, frozen decision out.

Read `messages.py` first (what a charger can say), then `transactions.py` (what a session becomes when it is said),
`folding.py` (the same session from everything that was heard of it, in whatever order) and `commands.py` (the states of
a remote command). Pure: no I/O, no clock, no randomness. May import: errors.
"""
