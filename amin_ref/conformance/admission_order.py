"""The running requests in the order of admission, as far as a schedule has shown it.

A schedule does not say in which order the requests that start in one round were admitted. It shows
later: the tokens of a round go to the running requests in order of admission, and the one for which
not enough are left computes a part of its prefix (specification, section 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise

from amin_ref.conformance.waiting import Place
from amin_ref.model.validation import RequestId

AdmissionPlace = tuple[int, Place, tuple[int, ...]]
"""A place in the order of admission: the first round of the run, the place among the waiting, and
what the shares of later rounds show. Requests that share a place may be in any order (L6)."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a running request computes in a round.

    Attributes:
        rest: what is left of its prefix; tokens.
        taken: what it computes of that; tokens.
    """

    rest: int
    taken: int

    @property
    def kind(self) -> int:
        """0 for the whole rest, 1 for a part of it, 2 for nothing."""
        return 0 if self.taken == self.rest else 1 if self.taken else 2


@dataclass(frozen=True, slots=True)
class WrongShare:
    """Tokens of a round that were not given in order of admission.

    Attributes:
        request: a request that computes less than the rest of its prefix.
        later: one that is admitted after it, or with it, and computes all the same; ``None`` if
            tokens of the round are left over.
    """

    request: RequestId
    later: RequestId | None


class AdmissionOrder:
    """A weak order of the running requests: some total order that refines it was the real one."""

    def __init__(self) -> None:
        self._places: dict[RequestId, AdmissionPlace] = {}

    def admit(self, now: int, request: RequestId, place: Place) -> None:
        """Add a request that starts in round ``now``, from its place among the waiting."""
        self._places[request] = now, place, ()

    def leave(self, request: RequestId) -> None:
        """Remove a request."""
        del self._places[request]

    def place(self, request: RequestId) -> AdmissionPlace:
        """The place of a request."""
        return self._places[request]

    def sorted(self, requests: Iterable[RequestId]) -> list[RequestId]:
        """The requests, the first admitted first."""
        return sorted(requests, key=self.place)

    def share(self, shares: Mapping[RequestId, Share], budget: int | None) -> WrongShare | None:
        """Judge what the running requests compute in a round, and learn from it (L6).

        Args:
            shares: of each of them.
            budget: the tokens that a round may compute; ``None``: no limit.

        Returns:
            What no order of admission explains; ``None`` if one does.
        """
        starved = [request for request, share in shares.items() if share.kind]
        if not starved:
            return None
        in_order = sorted(shares, key=lambda r: (self._places[r], shares[r].kind))
        if budget is None or sum(share.taken for share in shares.values()) < budget:
            return WrongShare(starved[0], None)
        for one, other in pairwise(in_order):
            if shares[one].kind and shares[other].taken:
                return WrongShare(one, other)
        for _, group in groupby(in_order, key=self.place):
            self._split(list(group), shares)
        return None

    def _split(self, group: list[RequestId], shares: Mapping[RequestId, Share]) -> None:
        """Give requests that share a place the places that their shares show."""
        if len({shares[request].kind for request in group}) > 1:
            for request in group:
                start, place, shown = self._places[request]
                self._places[request] = start, place, (*shown, shares[request].kind)
