"""Does an aborted request stop when its client goes away, and does it stop before it completes?"""

from __future__ import annotations

from collections.abc import Iterator

from amin_ref.checker.tracing import Traced
from amin_ref.checker.violation import Violation, tokens
from amin_ref.model.request import Request
from amin_ref.model.schedule import Run


def stops_when_aborted(
    request: Request, runs: list[Run], aborted: int | None, ended: int | None
) -> Iterator[Violation]:
    """The runs agree with the round in which the client went away.

    Args:
        request: a request.
        runs: its runs, in order of time.
        aborted: that round; ``None`` if the request was not aborted.
        ended: the first round that the log does not have; ``None`` if it is complete.
    """
    for now, why in _disagreements(request, runs, aborted, ended):
        yield Violation("stops-when-aborted", now, (request.id,), f"request {request.id!r} {why}.")


def _disagreements(
    request: Request, runs: list[Run], aborted: int | None, ended: int | None
) -> Iterator[tuple[int, str]]:
    """The round of each disagreement, and a clause about the request."""
    if aborted is None:
        for run in runs:
            if run.outcome == "aborted":
                stop = run.stop
                yield stop, f"has a run aborted in round {stop}, and 'aborted' does not have it"
        return
    if aborted < request.arrival:
        yield aborted, f"is aborted in round {aborted} and arrives in round {request.arrival}"
    if ended is not None and aborted > ended:
        yield aborted, f"is aborted in round {aborted}, and the log ends before round {ended}"
    for run in runs:
        if run.outcome == "completed":
            yield run.stop, f"is aborted in round {aborted}, and yet completes at {run.stop}"
        elif run.outcome == "aborted" and run.stop != aborted:
            yield run.stop, f"has a run aborted in round {run.stop}, and 'aborted' says {aborted}"
        elif run.stop > aborted:
            yield run.start, f"runs until round {run.stop}, and is aborted in round {aborted}"


def aborted_lengths(request: Request, traced: list[Traced]) -> Iterator[Violation]:
    """An aborted run has a round, and does not generate the last token of the output."""
    for each in traced:
        run, together = each.run, each.before + each.generated
        if run.outcome != "aborted":
            continue
        if run.stop == run.start:
            yield Violation(
                "aborted-length",
                run.start,
                (request.id,),
                f"request {request.id!r} is aborted after 0 rounds, so the run has no round and "
                "holds nothing; leave out runs of no round.",
            )
        elif together >= request.output_len:
            yield Violation(
                "aborted-length",
                run.start,
                (request.id,),
                f"request {request.id!r} is aborted with {tokens(together)}, and completes with "
                f"{tokens(request.output_len)}.",
            )
