"""What operators may send: the rules of the specifications that no schema can state.

Read `checking.py` first: `faults` says what is wrong with a CALL to a charger. Each functional block has a file with
its rules and a table, action -> rules; `table.py` joins them. `facts.py` is what is known of the charger,
`knowledge.py` reads it from rows, `ids.py` fills in the numbers that operators need not invent.

A rule refuses what the specification forbids or what the charger is sure to refuse, and says what to do instead.
What is not known of a charger is None, and the rule that needs it is left out. Pure. May import: domain, ocpp.
"""
