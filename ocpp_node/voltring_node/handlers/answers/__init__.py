"""What a charger's answers to commands mean: pure functions from request and answer to facts.

`table.py` is the table of contents: action -> what must be known, who reads the answer. An answer that changes
nothing that is kept (a Reset that is accepted) is listed there too, with the reason; the command's own row shows it.
A file for each matter; `shapes.py` reads what may have any shape, for an answer is kept before it is believed.
"""
