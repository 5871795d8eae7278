"""The interface of a scheduler: what it receives in each round, and what it decides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.machine import Machine, refuse_other_machines
from amin_ref.model.request import Request
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class VisibleRequest:
    """A request as a scheduler sees it: all fields but the output length.

    Attributes:
        id: the request's id.
        prompt_len: s; tokens.
        lower: ℓ, predicted lower bound of the output length; tokens.
        upper: u, predicted upper bound; tokens, ``None`` when unknown.
        arrival: r; round.
        position: its place in the instance, counted from 0.
    """

    id: RequestId
    prompt_len: int
    lower: int
    upper: int | None
    arrival: int
    position: int

    @classmethod
    def of(cls, request: Request, position: int) -> VisibleRequest:
        """What a scheduler sees of ``request``, the one at ``position`` in its instance."""
        return VisibleRequest(
            request.id, request.prompt_len, request.lower, request.upper, request.arrival, position
        )


@dataclass(frozen=True, slots=True)
class RevealedRequest(VisibleRequest):
    """A request as a clairvoyant scheduler sees it: ``output_len`` is o; tokens."""

    output_len: int

    @classmethod
    def of(cls, request: Request, position: int) -> RevealedRequest:
        """As :meth:`VisibleRequest.of`, with the output length revealed."""
        return RevealedRequest(
            request.id,
            request.prompt_len,
            request.lower,
            request.upper,
            request.arrival,
            position,
            request.output_len,
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What a scheduler does at the start of a round: first the evictions, then the admissions.

    Attributes:
        evict: ids of running requests, in any order.
        admit: ids of waiting requests, in any order; those in ``evict`` wait already.
    """

    evict: tuple[RequestId, ...] = ()
    admit: tuple[RequestId, ...] = ()


class Scheduler(ABC):
    """What every scheduler has, whether or not it knows output lengths."""

    def use(self, machine: Machine) -> None:
        """Learn the rules by which requests run, before :meth:`begin`.

        By default every machine but the paper's is refused. A scheduler that is made for another
        one, or works on all, defines this method.

        Args:
            machine: that of the instance (specification, section 7).

        Raises:
            InvalidValue: the scheduler is not made for this machine.
        """
        refuse_other_machines(machine, f"the policy {type(self).__name__}")

    @abstractmethod
    def begin(self, capacity: int, block_size: int) -> None:
        """Start anew, with no requests and an empty cache.

        Args:
            capacity: M, size of the cache; tokens.
            block_size: B, tokens per cache block.
        """

    def cancelled(self, request: RequestId) -> None:  # noqa: B027 - to ignore it is a sound default
        """Forget a waiting request, because its client went away.

        By default nothing happens. If the request is admitted later all the same, it does not run,
        and is among the completed ones of the decision after that. A running request whose client
        goes away is among the completed ones of the next decision.

        Args:
            request: its id.
        """


class Policy(Scheduler):
    """A scheduler that does not know output lengths. Derive from it and define two methods."""

    @abstractmethod
    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """The requests to evict and to admit at the start of round ``now``.

        It is called once in every round in which a request runs or waits, or has just completed.
        Every request that runs after the decision generates one token in the round.

        Args:
            now: the round. It grows from call to call: by one as long as a request runs or waits.
            arrived: the requests that wait from this round on, in the instance's order.
            completed: ids of the requests that generated their last token in the round before, and
                of those whose clients have gone away (:meth:`cancelled`); they have left the cache.

        Returns:
            The evictions and admissions. :func:`amin_ref.simulate` refuses a decision after which
            the next tokens of the running requests do not fit.
        """


class ClairvoyantPolicy(Scheduler):
    """A scheduler that receives every output length on arrival: a benchmark for other policies."""

    @abstractmethod
    def decide(
        self, now: int, arrived: Sequence[RevealedRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """As :meth:`Policy.decide`, with output lengths revealed."""
