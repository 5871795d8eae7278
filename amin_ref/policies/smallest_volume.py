"""SVF: hindsight with the smallest volume first (specification, section 4)."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Literal, get_args

from amin_ref.model.blocks import occupied
from amin_ref.model.errors import InvalidValue
from amin_ref.model.machine import Machine, refuse_other_machines
from amin_ref.policies.chunked import batch_for
from amin_ref.policies.lookahead import Batch, Job, by_volume
from amin_ref.policies.reserving import HindsightShortestFirst, Reservations

Check = Literal["forward", "peak"]
"""How SVF tells whether a request fits."""


@dataclass(eq=False)
class SmallestVolumeFirst(HindsightShortestFirst):
    """SVF knows every output length and admits the smallest volume Σ_{a=1..o} occ(a) first.

    Kong, Qi, Ye, Zhou: *Geometry-Aware Online Scheduling for LLM Serving* (arXiv 2606.22327). With
    all requests at once its total latency is at most 1 + 2/(1 - α_M) times the optimum under either
    check, where α_M is the largest peak occ(o) divided by M (T20; their Theorem 3.2).

    Args:
        ties: breaks ties between equal volumes.
        check: ``"forward"``, the default: a request fits if no coming round exceeds the cache, as
            for H-SF. ``"peak"``: it fits if all running requests and it could hold their peaks in
            the same round; that admits fewer.
    """

    _: KW_ONLY
    check: Check = "forward"

    def __post_init__(self) -> None:
        """Refuse a check that does not exist.

        Raises:
            InvalidValue: ``check`` is neither.
        """
        if self.check not in get_args(Check):
            raise InvalidValue(
                "svf: check", self.check, "it must be 'forward' or 'peak'", "give one of these"
            )

    def use(self, machine: Machine) -> None:
        """See :meth:`Policy.use`: the peak check is made for the paper's machine alone.

        Raises:
            InvalidValue: the check is ``"peak"``, and the machine is another.
        """
        if self.check == "peak":
            refuse_other_machines(machine, "SVF with the peak check")
        super().use(machine)

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        batch = (
            batch_for(capacity, block_size, self._machine)
            if self.check == "forward"
            else BatchOfPeaks(capacity, block_size)
        )
        self._reservations = Reservations(batch, by_volume(block_size, self._machine))


class BatchOfPeaks(Batch):
    """A batch in which every running job counts with its peak: what it holds in its last round."""

    _peaks = 0

    def fits(self, job: Job) -> bool:
        """Whether the peaks of all running jobs and of ``job`` fit together."""
        return self._peaks + self._peak(job) <= self._capacity

    def admit(self, job: Job) -> None:
        """See :meth:`Batch.admit`."""
        super().admit(job)
        self._peaks += self._peak(job)

    def remove(self, job: Job) -> None:
        """See :meth:`Batch.remove`."""
        super().remove(job)
        self._peaks -= self._peak(job)

    def _peak(self, job: Job) -> int:
        return occupied(job.prompt_len + job.assumed, self._block_size)
