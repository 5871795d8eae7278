"""A policy whose decisions another program makes."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from amin_ref.external import messages
from amin_ref.external.child import Child
from amin_ref.external.messages import Answer, Message
from amin_ref.model.errors import InvalidDocument, InvalidValue, SchedulerFailed
from amin_ref.model.machine import PAPERS_MACHINE, Machine
from amin_ref.model.validation import RequestId
from amin_ref.policies import Decision, Policy, VisibleRequest


class ExternalPolicy(Policy):
    """A program that speaks the protocol of :func:`amin_ref.external.protocol_text`, as a policy::

        with ExternalPolicy(["./my-scheduler", "--fast"]) as policy:
            schedule = simulate(instance, policy)

    The first :meth:`begin` starts the program, which then serves one instance after the other. If
    the program fails, it is killed, and the next :meth:`begin` starts it again. A program that
    speaks version 1 of the protocol schedules on the paper's machine alone, and is not told which
    clients go away.

    Args:
        command: the program and its arguments; no shell interprets them.
        timeout: for each answer; seconds.

    Raises:
        InvalidValue: the command is empty or the timeout is not a number above 0.
        SchedulerFailed: from :meth:`begin`, :meth:`decide` and :meth:`end`, if the program cannot
            be started, dies, hangs, floods, sends a line that is no valid answer, or does not know
            the machine of the instance.
    """

    def __init__(self, command: Sequence[str], *, timeout: float = 10.0) -> None:
        if isinstance(command, str) or not command:
            raise InvalidValue(
                "command", command, "it must be a program and its arguments", "give a list of them"
            )
        if not 0 < timeout < float("inf"):
            raise InvalidValue(
                "timeout", timeout, "it must be a number of seconds above 0", "give one"
            )
        self._command = tuple(command)
        self._timeout = timeout
        self._child: Child | None = None
        self._machine = PAPERS_MACHINE
        self._version: messages.Version = 1
        self._instances = 0
        self._cancelled = 0
        self._before: Message | None = None

    def use(self, machine: Machine) -> None:
        """See :meth:`Policy.use`; the program is told by :meth:`begin`."""
        self._machine = machine

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        if self._child is None:
            self._instances = 0
            self._before = None
            self._child = Child(self._command, self._timeout)
            self._version = self._ask(messages.hello()).version
        self._instances += 1
        self._cancelled = 0
        machine = None if self._version == 1 else self._machine
        message = messages.begin(self._instances, capacity, block_size, machine)
        if machine is None and self._machine != PAPERS_MACHINE:
            self.close()
            raise SchedulerFailed(
                "cannot-start",
                "it speaks version 1 of the protocol, which has the paper's machine alone, and the "
                f"instance is on {self._machine}",
                self._place(message),
            )
        self._ask(message)

    def cancelled(self, request: RequestId) -> None:
        """See :meth:`Policy.cancelled`."""
        if self._version > 1:
            self._cancelled += 1
            self._ask(messages.cancelled(self._cancelled, request))

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        return self._ask(messages.round_of(now, arrived, completed)).decision

    def end(self) -> None:
        """Tell the program that there are no more instances, and wait for it to exit."""
        if self._child is None:
            return
        try:
            self._child.dismiss(messages.END)
        except SchedulerFailed as failure:
            raise SchedulerFailed(failure.kind, failure.what, "at the end") from None
        finally:
            self.close()

    def close(self) -> None:
        """Kill the program and the processes that it has started. Never fails."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, message: Message) -> Answer:
        place = self._place(message)
        if self._child is None:
            raise SchedulerFailed(
                "died", "it has failed before, and begin was not called since", place
            )
        try:
            answer = messages.answer_in(self._child.ask(message.line), message, self._before)
        except SchedulerFailed as failure:
            self.close()
            raise SchedulerFailed(failure.kind, failure.what, place) from None
        except InvalidDocument as error:
            self.close()
            raise SchedulerFailed("nonsense", str(error).rstrip("."), place) from None
        self._before = message
        return answer

    def _place(self, message: Message) -> str:
        if message.kind == "hello":
            return "at hello"
        if message.kind == "begin":
            return f"instance {self._instances}, before its first round"
        if message.kind == "cancelled":
            return f"instance {self._instances}, cancellation {message.number}"
        return f"instance {self._instances}, round {message.number}"
