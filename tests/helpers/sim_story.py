"""What happened, in order: the story of a run, to be read when its seed fails."""

from sim_loop import HERE, START


class Story:
    """Lines of (virtual seconds, place, charger or None, what)."""

    def __init__(self, loop):
        self._loop = loop
        self.lines = []
        self.is_over = False

    def tell(self, charger, what, place=None):
        """Note that something happened; `charger` None is what concerns everybody."""
        if self.is_over:
            return
        place = place or HERE.get()
        self.lines.append((self._loop.time() - START, place.name if place else "-", charger, what))

    def whole(self):
        """The story as text."""
        return _text(self.lines)

    def of(self, charger):
        """What concerns one charger; None: what concerns nobody alone."""
        return _text(line for line in self.lines if line[2] in (charger, None))


def _text(lines):
    return "\n".join(
        f"{number:5} {at:9.3f} {place:12} {who or '*':8} {what}"
        for number, (at, place, who, what) in enumerate(lines, 1)
    )
