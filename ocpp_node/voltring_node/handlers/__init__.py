"""What each message means: pure functions from a message and what is known to facts and an answer.

`routes.py` is the table of contents: (version, action) -> how it is read, what must be known, who decides, and how
the answer is written. A handler never writes: the recorder commits the facts it returns, then the answer goes.
"""
