"""The tables of the simulated PostgreSQL: rows as dicts, with a journal so that a transaction can be undone."""

from collections import defaultdict


class Row(dict):
    """As asyncpg's records: iterates over its values."""

    def __iter__(self):
        return iter(self.values())


OWED = object()
DEFAULT_CHARGER = {
    "status": "registered", "secret_hash": None, "registration": "none", "vendor": None, "model": None,
    "firmware_version": None, "quirks": {}, "ping_interval_s": None, "silence_limit_s": None,
    "call_timeout_s": None, "next_secret_hash": None, "ocpp_version": None, "registration_wanted": "Accepted",
}  # fmt: skip


class Tables:
    """What PostgreSQL holds. `now` gives its own time."""

    def __init__(self, now):
        self.now = now
        self.chargers = {}
        self.fences = {}
        self.commands = {}
        self.queues = defaultdict(list)
        """Ids of the commands of each charger, in their order."""
        self.replies = {}
        """By charger and natural key: what a repeat gets."""
        self.told = defaultdict(int)
        """How often a transaction message was written, by charger and natural key."""
        self.sessions = defaultdict(dict)
        self.keys = {}
        self.seq = 0
        self.last_id = 0
        self.watchers = []
        """Called with (table, row before, row after) for every row of `fences` and `commands` that changes."""
        self._journal = None

    def add_charger(self, charger_id):
        """Register a charger."""
        self.chargers.setdefault(charger_id, {"id": charger_id, **DEFAULT_CHARGER})

    def put(self, table, key, row):
        """Write a row: a new one, or another one in its place."""
        rows = getattr(self, table)
        before = rows.get(key, OWED)
        self._note(lambda: rows.pop(key) if before is OWED else rows.__setitem__(key, before))
        rows[key] = row
        for watcher in self.watchers:
            watcher(table, None if before is OWED else before, row)

    def change(self, table, key, **new):
        """Write some columns of a row; the row as it is then."""
        row = {**getattr(self, table)[key], **new}
        self.put(table, key, row)
        return row

    def queue(self, row):
        """A new command at the end of its charger's queue."""
        self.put("commands", row["id"], row)
        queue = self.queues[row["charger_id"]]
        queue.append(row["id"])
        self._note(lambda: queue.remove(row["id"]))

    def count(self, table, key):
        """One more of a counted thing."""
        counted = getattr(self, table)
        counted[key] += 1
        self._note(lambda: counted.__setitem__(key, counted[key] - 1))

    def put_session(self, charger_id, session):
        """Write a charging session as it is now."""
        sessions = self.sessions[charger_id]
        before = sessions.get(session.id)
        self._note(lambda: sessions.pop(session.id) if before is None else sessions.__setitem__(session.id, before))
        sessions[session.id] = session

    def of(self, charger_id):
        """The commands of a charger, the oldest first."""
        return [self.commands[one] for one in self.queues[charger_id]]

    def owns(self, row, epoch):
        """Whether what was written under an epoch is of the socket that owns now."""
        first = row["first_epoch"]
        return (row["epoch"] if first is None else first) <= epoch <= row["epoch"]

    def begin(self):
        """From here on everything can be undone; where."""
        if self._journal is None:
            self._journal = []
        return len(self._journal)

    def undo(self, mark):
        """Back to a mark."""
        while len(self._journal) > mark:
            self._journal.pop()()

    def done(self):
        """What was done stays."""
        self._journal = None

    def _note(self, undo):
        if self._journal is not None:
            self._journal.append(undo)
