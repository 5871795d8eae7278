"""Tie-breaks: the second half of the order ≺ (specification, section 3)."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from amin_ref.model.errors import InvalidValue, shown
from amin_ref.model.short_form import short_tuple
from amin_ref.model.validation import RequestId
from amin_ref.policies.policy import VisibleRequest


class TieBreak(ABC):
    """Ranks requests whose assumed lengths are equal: the lower rank comes first in ≺.

    For every ranking that does not depend on output lengths there are instances on which Amin's
    total latency is of order 1/α times the optimum (T15). The order of arrival, and any order that
    goes with the output length, comes near it; a shuffle makes such instances milder, and is no
    guarantee (T17).
    """

    @abstractmethod
    def rank(self, request: VisibleRequest) -> float:
        """The request's rank."""

    def unique_rank(self, request: VisibleRequest) -> tuple[float, int]:
        """The rank, and the position in the instance, which decides between equal ranks.

        Raises:
            InvalidValue: the rank is NaN, which is neither before nor after any other rank.
        """
        rank = self.rank(request)
        if rank != rank:
            raise InvalidValue(
                f"tie-break: rank of request {shown(request.id)}",
                rank,
                "ranks must be ordered",
                "return a number other than NaN",
            )
        return rank, request.position


@dataclass(frozen=True)
class ByPosition(TieBreak):
    """The default: a request that stands earlier in the instance comes first.

    It is deterministic. For requests from a trace the position is the order of arrival.
    """

    def rank(self, request: VisibleRequest) -> float:
        """The request's position."""
        return request.position


@dataclass(frozen=True)
class Shuffled(TieBreak):
    """A random order.

    Attributes:
        seed: the same seed gives the same order.
    """

    seed: int

    def rank(self, request: VisibleRequest) -> float:
        """A number in [0, 1) that depends on the seed and the request's position alone."""
        return random.Random(f"{self.seed}/{request.position}").random()


@dataclass(frozen=True, init=False, repr=False)
class Ranking(TieBreak):
    """An explicit order of requests.

    Attributes:
        ids: every request's id, from first to last. Any iterable is taken, and stored as a tuple.

    Raises:
        InvalidValue: an id is there twice; on use, a request's id is missing.
    """

    ids: tuple[RequestId, ...]

    def __init__(self, ids: Iterable[RequestId]) -> None:
        # Written out, because the __init__ of a dataclass would be typed to take only a tuple.
        object.__setattr__(self, "ids", tuple(ids))
        if len(set(self.ids)) < len(self.ids):
            raise InvalidValue("ranking: ids", self.ids, "no id may be there twice", "drop one")

    def __repr__(self) -> str:
        """As of any dataclass, but with only the first of many ids."""
        return f"Ranking(ids={short_tuple(self.ids)})"

    @cached_property
    def _ranks(self) -> Mapping[RequestId, int]:
        return {request_id: rank for rank, request_id in enumerate(self.ids)}

    def rank(self, request: VisibleRequest) -> float:
        """The index of the request's id in :attr:`ids`."""
        if request.id not in self._ranks:
            raise InvalidValue(
                "ranking: ids",
                self.ids,
                f"it must rank every request, and {shown(request.id)} is missing",
                "add the id",
            )
        return self._ranks[request.id]
