"""What a policy sees, and what it answers: the whole interface of a scheduler."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.request import Request
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class VisibleRequest:
    """A request as a scheduler sees it: everything but how long its answer gets.

    Attributes:
        id: its name.
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
        """What is shown of ``request``, which stands at ``position`` in its instance."""
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
    """What happens at the start of a round: first the evictions, then the admissions.

    Attributes:
        evict: ids of running requests, in any order.
        admit: ids of waiting requests, in any order; one evicted just now waits, too.
    """

    evict: tuple[RequestId, ...] = ()
    admit: tuple[RequestId, ...] = ()


class Policy(ABC):
    """A scheduler that cannot see the future. Derive from it, and give the two methods."""

    @abstractmethod
    def begin(self, capacity: int, block_size: int) -> None:
        """Forget everything: a new, empty cache of ``capacity`` tokens in whole blocks."""

    @abstractmethod
    def decide(
        self, now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """Whom to evict and whom to admit at the start of round ``now``.

        It is called once in every round in which a request runs or waits, or has just completed. A
        request that runs and is not evicted generates one token in the round.

        Args:
            now: the round; it grows from call to call, by one while anything runs or waits.
            arrived: requests that wait from this round on, in the instance's order.
            completed: requests that generated their last token in the round before.
        """


class ClairvoyantPolicy(ABC):
    """A scheduler that is told every output length on arrival: a benchmark, not an engine."""

    @abstractmethod
    def begin(self, capacity: int, block_size: int) -> None:
        """As :meth:`Policy.begin`."""

    @abstractmethod
    def decide(
        self, now: int, arrived: Sequence[RevealedRequest], completed: Sequence[RequestId]
    ) -> Decision:
        """As :meth:`Policy.decide`, with output lengths revealed."""
