"""A policy whose decisions another program makes."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from amin_ref.external import messages
from amin_ref.external.child import Child
from amin_ref.external.messages import Message
from amin_ref.model.errors import InvalidDocument, InvalidValue, SchedulerFailed
from amin_ref.model.validation import RequestId
from amin_ref.policies import Decision, Policy, VisibleRequest


class ExternalPolicy(Policy):
    """A program that speaks the protocol of :func:`amin_ref.external.protocol_text`, as a policy::

        with ExternalPolicy(["./my-scheduler", "--fast"]) as policy:
            schedule = simulate(instance, policy)

    The first :meth:`begin` starts the program, which then serves one instance after the other. If
    the program fails, it is killed, and the next :meth:`begin` starts it again.

    Args:
        command: the program and its arguments; no shell interprets them.
        timeout: for each answer; seconds.

    Raises:
        InvalidValue: the command is empty or the timeout is not a number above 0.
        SchedulerFailed: from :meth:`begin`, :meth:`decide` and :meth:`end`, if the program cannot
            be started, dies, hangs, floods or sends a line that is no valid answer.
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
        self._instances = 0
        self._before: Message | None = None

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        if self._child is None:
            self._instances = 0
            self._before = None
            self._child = Child(self._command, self._timeout)
            self._ask(messages.hello())
        self._instances += 1
        self._ask(messages.begin(self._instances, capacity, block_size))

    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """See :meth:`Policy.decide`."""
        return self._ask(messages.round_of(now, arrived, completed))

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

    def _ask(self, message: Message) -> Decision:
        place = self._place(message)
        if self._child is None:
            raise SchedulerFailed(
                "died", "it has failed before, and begin was not called since", place
            )
        try:
            answer = self._child.ask(message.line)
            decision = messages.decision_in(answer, message, self._before)
        except SchedulerFailed as failure:
            self.close()
            raise SchedulerFailed(failure.kind, failure.what, place) from None
        except InvalidDocument as error:
            self.close()
            raise SchedulerFailed("nonsense", str(error).rstrip("."), place) from None
        self._before = message
        return decision

    def _place(self, message: Message) -> str:
        if message.kind == "hello":
            return "at hello"
        if message.kind == "begin":
            return f"instance {self._instances}, before its first round"
        return f"instance {self._instances}, round {message.number}"
