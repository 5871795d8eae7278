"""What a tie is broken by: the second half of the order ≺ (specification, section 3)."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from amin_ref.model.errors import InvalidValue, shown
from amin_ref.model.validation import RequestId
from amin_ref.policies.policy import VisibleRequest


class TieBreak(ABC):
    """Ranks requests whose bounds are equal: the lower rank goes first, everywhere in ≺."""

    @abstractmethod
    def rank(self, request: VisibleRequest) -> float:
        """The request's rank."""

    def unique_rank(self, request: VisibleRequest) -> tuple[float, int]:
        """The rank, and the position to decide where two ranks are equal, too.

        Raises:
            InvalidValue: the rank is not a number, and so not before or after any other.
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
    """The earlier in the instance, the earlier in ≺: the default."""

    def rank(self, request: VisibleRequest) -> float:
        """The request's position."""
        return request.position


@dataclass(frozen=True)
class Shuffled(TieBreak):
    """A random order, the same for the same ``seed`` and positions."""

    seed: int

    def rank(self, request: VisibleRequest) -> float:
        """A number in [0, 1) that depends on the seed and the request's position alone."""
        return random.Random(f"{self.seed}/{request.position}").random()


@dataclass(frozen=True)
class Ranking(TieBreak):
    """An explicit order: ids from first to last; every request's id must be among them.

    Raises:
        InvalidValue: an id stands in it twice; on use, a request's id is missing.
    """

    ids: tuple[RequestId, ...]

    def __post_init__(self) -> None:
        if len(set(self.ids)) < len(self.ids):
            raise InvalidValue("ranking: ids", self.ids, "no id may stand twice", "drop one")

    @cached_property
    def _ranks(self) -> Mapping[RequestId, int]:
        return {request_id: rank for rank, request_id in enumerate(self.ids)}

    def rank(self, request: VisibleRequest) -> float:
        """The place of the request's id in the ranking."""
        if request.id not in self._ranks:
            raise InvalidValue(
                "ranking: ids",
                self.ids,
                f"it must rank every request, and {shown(request.id)} is missing",
                "add the id",
            )
        return self._ranks[request.id]
