"""SRV: hindsight with the smallest remaining volume first, where evicted requests keep tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amin_ref.model.blocks import occupied, volume
from amin_ref.model.errors import InvalidValue
from amin_ref.model.machine import Machine, refuse_limits
from amin_ref.model.validation import RequestId
from amin_ref.policies.policy import ClairvoyantPolicy, Decision, RevealedRequest
from amin_ref.policies.ties import ByPosition, TieBreak


@dataclass(slots=True)
class _Job:
    """An unfinished request: what SRV needs of it, the tokens generated, and whether it runs."""

    request: RevealedRequest
    generated: int = 0
    runs: bool = False


@dataclass(eq=False)
class SmallestRemainingVolume(ClairvoyantPolicy):
    """SRV knows every output length; each round runs the smallest remaining volumes that fit.

    The remaining volume of a request with g of its o tokens is Σ_{a=g+1..o} occ(a), in
    token·rounds. In each round, SRV goes through all unfinished requests in ascending order of it,
    and runs each that fits beside those before it; all others wait or are evicted. It is for
    machines that resume evicted requests, as it evicts often, and for machines without limits.

    Args:
        ties: breaks ties between equal remaining volumes of equal prompts and outputs. Of unequal
            ones the shorter prompt comes first, and then the shorter output.
    """

    ties: TieBreak = ByPosition()

    def use(self, machine: Machine) -> None:
        """See :meth:`Policy.use`.

        Raises:
            InvalidValue: the machine restarts evicted requests, or has a limit.
        """
        if machine.after_eviction != "resume":
            raise InvalidValue(
                "machine: after_eviction",
                machine.after_eviction,
                "SRV evicts requests whenever others have less to do, and is for machines that "
                "resume them",
                "give 'resume', or another policy",
            )
        refuse_limits(machine, "SRV knows no limits")
        self._machine = machine

    def begin(self, capacity: int, block_size: int) -> None:
        """See :meth:`Policy.begin`."""
        self._capacity = capacity
        self._block_size = block_size
        self._jobs: dict[RequestId, _Job] = {}

    def decide(
        self,
        now: int,  # noqa: ARG002 - every round with a request has a call, so calls are counted
        arrived: Sequence[RevealedRequest],
        completed: Sequence[RequestId],
    ) -> Decision:
        """See :meth:`ClairvoyantPolicy.decide`."""
        for request in completed:
            del self._jobs[request]
        for job in self._jobs.values():
            job.generated += job.runs
        self._jobs |= {request.id: _Job(request) for request in arrived}
        free = self._capacity
        evict: list[RequestId] = []
        admit: list[RequestId] = []
        for job in sorted(self._jobs.values(), key=self._place):
            needed = occupied(self._stored(job) + 1, self._block_size)
            fits = needed <= free
            free -= needed * fits
            if job.runs and not fits:
                evict.append(job.request.id)
            if fits and not job.runs:
                admit.append(job.request.id)
            job.runs = fits
        return Decision(tuple(evict), tuple(admit))

    def cancelled(self, request: RequestId) -> None:
        """See :meth:`Policy.cancelled`."""
        del self._jobs[request]

    def _stored(self, job: _Job) -> int:
        """Tokens that the request stores before it generates its next one."""
        return self._machine.held(job.request.prompt_len + job.generated)

    def _place(self, job: _Job) -> tuple[float, ...]:
        """Where the request stands in the order."""
        request = job.request
        left = request.output_len - job.generated
        remaining = volume(self._stored(job), left, self._block_size)
        return (
            remaining,
            request.prompt_len,
            request.output_len,
            *self.ties.unique_rank(request),
        )
