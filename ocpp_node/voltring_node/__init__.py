"""The chargers' side: accept, authenticate, converse, record, own.

Read the way of one message: `server.py` accepts a socket, `connection.py` reads it, `handlers/` say what a message
means, `recorder.py` commits it with others and only then lets the answer go. `owning.py` claims the charger,
`commanding.py` sends what operators want. `spans.py` and `traced.py` trace it. May import voltring_core; no other room.
"""
