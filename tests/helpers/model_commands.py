"""One command, step by step: doorbell, take (QUEUED to SENT, committed), frame, execution, answer, giving up.

The command is queued from the start; when the operator asks for it is when the doorbell first rings.
"""

from collections.abc import Iterator

from model_explore import PROGRESS, Label
from model_handover import Step
from model_protocol import Protocol
from model_state import NODES, Command, Socket, State

from voltring_core.domain.commands import FINAL, CommandClass
from voltring_core.domain.commands import State as CommandState

QUEUED, SENT, ACCEPTED = CommandState.QUEUED, CommandState.SENT, CommandState.ACCEPTED


def rung(state: State) -> State:
    """The node that the route names looks into the queue for the sockets that it has."""
    after = state
    for number, one in enumerate(state.sockets):
        is_there = state.route is not None and state.route.node == NODES[one.node]
        if is_there and one.is_open and one.epoch and not one.wants:
            after = after._replace(sockets=after.put(number, one._replace(wants=True)))
    return after


class Commanding:
    """The steps of the nodes, the charger and the sweeper for one command."""

    def __init__(self, protocol: Protocol, kind: CommandClass) -> None:
        self._protocol = protocol
        self._kind = kind

    def steps(self, state: State) -> Iterator[Step]:
        """What may happen to the command next."""
        for label, after, by_weather in self._steps(state):
            assert after.command is not None
            is_over = after.command.state in FINAL and self._protocol.takes_only_queued
            yield label, _without_waiting(after) if is_over else after, by_weather

    def _steps(self, state: State) -> Iterator[Step]:
        command = state.command
        assert command is not None
        yield from self._ring(state, command)
        if command.state is SENT:
            yield Label("sweeps what is long SENT"), state._replace(command=self._unanswered(command)), PROGRESS
        for number, me in enumerate(state.sockets):
            if me.doing == "older":
                yield self._settle_older(state, number, me, command)
            if me.wants and not me.line:
                yield self._take(state, number, me, command)
            if me.line:
                yield from self._go_on(state, number, me, command)
            if me.frames:
                yield self._execute(state, number, me)
            if me.answers:
                yield self._hear_answer(state, number, me, command)

    def _ring(self, state: State, command: Command) -> Iterator[Step]:
        """By the API, or by the sweeper as long as the command is queued and its charger connected. A doorbell that is
        lost is one that did not ring yet; one that comes late is one that was heard, and not acted on yet."""
        if command.state is QUEUED and state.fence is not None and state.fence.is_open:
            after = rung(state)
            if after is not state:
                yield Label("the doorbell rings"), after, PROGRESS

    def _settle_older(self, state: State, number: int, me: Socket, command: Command) -> Step:
        """The new owner settles what earlier owners left SENT, then looks into the queue."""
        if command.state is SENT and self._protocol.is_older(command.epoch, me.epoch):
            command = self._unanswered(command)
        after = me._replace(doing="", wants=me.wants or (me.is_open and command.state is QUEUED))
        return (
            Label("settles what is older", number),
            state._replace(command=command, sockets=state.put(number, after)),
            PROGRESS,
        )

    def _unanswered(self, command: Command) -> Command:
        return command._replace(state=self._protocol.after_silence(self._kind, command.attempts))

    def _take(self, state: State, number: int, me: Socket, command: Command) -> Step:
        """One dispatch per socket: what rings while a command is under way is looked at after it."""
        is_owner = state.fence is not None and state.fence.epoch == me.epoch
        is_there = command.state is QUEUED or not self._protocol.takes_only_queued
        if not is_there or not (is_owner or not self._protocol.takes_only_as_owner):
            return Label("finds nothing to take", number), self._with(state, number, me._replace(wants=False)), PROGRESS
        attempts = command.attempts + 1
        message = number * 8 + attempts
        line = "taken" if self._protocol.sent_before_frame else "seen"
        taken = me._replace(wants=False, line=line, message=message)
        if line == "taken":
            command = Command(SENT, me.epoch, message, attempts)
        return Label("takes the command", number), self._with(state, number, taken, command), PROGRESS

    def _go_on(self, state: State, number: int, me: Socket, command: Command) -> Iterator[Step]:
        if me.line == "taken":
            yield self._write(state, number, me, command)
        elif me.line == "written":
            after = command
            if command.state is SENT and command.message == me.message:
                after = self._unanswered(command)
            yield Label("gives up waiting", number), self._freed(state, number, me, after), PROGRESS
        elif me.line == "seen":  # the mutant that writes first
            written = self._framed(me)._replace(line="uncommitted")
            yield Label("writes the frame before the commit", number), self._with(state, number, written), PROGRESS
        elif me.line == "uncommitted":
            sent = Command(SENT, me.epoch, me.message, me.message % 8) if command.state is QUEUED else command
            yield Label("commits SENT", number), self._with(state, number, me._replace(line="written"), sent), PROGRESS

    def _write(self, state: State, number: int, me: Socket, command: Command) -> Step:
        if me.is_open:
            written = self._framed(me)._replace(line="written")
            return Label("writes the frame", number), self._with(state, number, written), PROGRESS
        if command.state is SENT and command.message == me.message:
            command = command._replace(state=QUEUED, attempts=command.attempts - 1)
        return Label("gives the command back", number), self._freed(state, number, me, command), PROGRESS

    def _framed(self, me: Socket) -> Socket:
        return me._replace(frames=(*me.frames, me.message)) if me.is_alive else me

    def _execute(self, state: State, number: int, me: Socket) -> Step:
        done, *frames = me.frames
        answers = (*me.answers, done) if me.is_open else ()
        after = me._replace(frames=tuple(frames), answers=answers, is_alive=me.is_open or bool(frames))
        return Label("executes", number), self._with(state, number, after)._replace(runs=state.runs + 1), PROGRESS

    def _hear_answer(self, state: State, number: int, me: Socket, command: Command) -> Step:
        message, *rest = me.answers
        after, settled = me._replace(answers=tuple(rest)), self._settled(command)
        if me.line == "written" and me.message == message:
            return Label("settles the answer", number), self._freed(state, number, after, settled), PROGRESS
        return Label("settles a late answer", number), self._with(state, number, after, settled), PROGRESS

    def _settled(self, command: Command) -> Command:
        """Whichever of its frames was answered: there is one command only."""
        is_awaited = command.state in (QUEUED, SENT, CommandState.UNKNOWN)
        return command._replace(state=ACCEPTED) if is_awaited else command

    def _freed(self, state: State, number: int, me: Socket, command: Command) -> State:
        """The dispatch looks for the next command, which may be the same again."""
        looks = me.wants or (me.is_open and command.state is QUEUED)
        return self._with(state, number, me._replace(line="", message=0, wants=looks), command)

    def _with(self, state: State, number: int, me: Socket, command: Command | None = None) -> State:
        return state._replace(sockets=state.put(number, me), command=command or state.command)


def _without_waiting(state: State) -> State:
    """Of a command that is over, only a frame can come yet: who waits, looks for it or hears of it does so in vain."""
    for number, one in enumerate(state.sockets):
        if one.line == "written" or one.wants or one.answers:
            line = one.line if one.line != "written" else ""
            rest = one._replace(line=line, message=one.message if line else 0, wants=False, answers=())
            state = state._replace(sockets=state.put(number, rest))
    return state
