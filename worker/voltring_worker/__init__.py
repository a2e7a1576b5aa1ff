"""What time drives: commands that are late, reports that stopped, partitions that are to come and to go.

Read `app.py` first: one loop per chore, each with the sentence that it logs. Several workers may run; each chore is
done by the one that holds its advisory lock. May import voltring_core; no other room.
"""
