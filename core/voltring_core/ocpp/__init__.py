"""How chargers say it: OCPP-J frames, one charger's conversation, the schemas, and each version's payloads.

Read `conversation.py` first: frames in, events out. `frames.py` and `codes.py` are what is on the wire,
`schemas.py` checks payloads with the official schemas, `quirks/` repairs what chargers get wrong, and `v16.py` and
`v2x.py` (2.0.1 and 2.1) turn payloads into `domain.messages` and back. Pure: no I/O, no clock. May import: errors,
domain.
"""
