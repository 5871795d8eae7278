"""Does each request complete once, with its whole output, and nothing after it?"""

from __future__ import annotations

from collections.abc import Iterator

from amin_ref.checker.tracing import Traced
from amin_ref.checker.violation import Violation, rounds, tokens
from amin_ref.model.request import Request
from amin_ref.model.schedule import Run


def completes_once(
    request: Request, runs: list[Run], *, may_be_unfinished: bool = False
) -> Iterator[Violation]:
    """The request has one completed run, and no run after it.

    Args:
        request: a request.
        runs: its runs, in order of time.
        may_be_unfinished: whether the request may also have no completed run.
    """
    completed = [run for run in runs if run.outcome == "completed"]
    if not completed and not may_be_unfinished:
        yield Violation(
            "completes-once",
            None,
            (request.id,),
            f"request {request.id!r} never completes: {_how_far(runs)}.",
        )
    for run in completed[1:]:
        yield Violation(
            "completes-once",
            run.start,
            (request.id,),
            f"request {request.id!r} completes at {completed[0].stop} and again at {run.stop}.",
        )
    if completed:
        for run in runs:
            if run.outcome != "completed" and run.start >= completed[0].stop:
                yield Violation(
                    "nothing-after-completion",
                    run.start,
                    (request.id,),
                    f"request {request.id!r} runs again from round {run.start} on though it "
                    f"completed at {completed[0].stop}.",
                )


def lengths(request: Request, runs: list[Run]) -> Iterator[Violation]:
    """The rules on lengths where each run starts from nothing and generates in every round."""
    for run in runs:
        length = run.stop - run.start
        if run.outcome == "completed" and length != request.output_len:
            yield Violation(
                "completed-length",
                run.start,
                (request.id,),
                f"request {request.id!r} completes after {rounds(length)}, and its output has "
                f"{tokens(request.output_len)}, one for each round{_together(request, runs)}.",
            )
        if run.outcome == "evicted" and not 1 <= length < request.output_len:
            yield Violation(
                "evicted-length",
                run.start,
                (request.id,),
                f"request {request.id!r} is evicted after {rounds(length)}, "
                f"{_possible_evictions(request, length)}.",
            )


def tokens_of_runs(request: Request, traced: list[Traced]) -> Iterator[Violation]:
    """The rules on lengths where runs resume, or say what they computed."""
    for each in traced:
        run, together = each.run, each.before + each.generated
        if each.too_much is not None:
            yield Violation(
                "computes-its-prefix",
                each.too_much,
                (request.id,),
                f"round {each.too_much}: request {request.id!r} computes more tokens than are left "
                f"of its prefix, which has {tokens(each.prefix)}, and one more for each token "
                "generated in the run.",
            )
        if run.outcome == "completed" and together != request.output_len:
            yield Violation(
                "completed-length",
                run.start,
                (request.id,),
                f"request {request.id!r} completes with {tokens(together)}"
                f"{_kept(each)}, and its output has {tokens(request.output_len)}.",
            )
        elif run.outcome == "completed" and not each.ends_with_token:
            yield Violation(
                "completed-length",
                run.start,
                (request.id,),
                f"request {request.id!r} completes at {run.stop}, and generates nothing in the "
                "round before; completion is the round after the last token.",
            )
        if run.outcome == "evicted" and run.stop == run.start:
            yield Violation(
                "evicted-length",
                run.start,
                (request.id,),
                f"request {request.id!r} is evicted after 0 rounds, "
                f"{_possible_evictions(request, 0)}.",
            )
        elif run.outcome == "evicted" and together >= request.output_len:
            yield Violation(
                "evicted-length",
                run.start,
                (request.id,),
                f"request {request.id!r} is evicted with {tokens(together)}{_kept(each)}, and "
                f"completes with {tokens(request.output_len)}.",
            )


def _kept(traced: Traced) -> str:
    """How many of a request's tokens are from the runs before, in brackets."""
    return f" ({traced.before} of them from earlier runs)" if traced.before else ""


def _how_far(runs: list[Run]) -> str:
    """Why a request may have no completed run, as a clause."""
    if runs and runs[-1].outcome == "aborted":
        return f"it was aborted in round {runs[-1].stop}, and 'aborted' does not have it"
    if runs:
        what = f"it was evicted in round {runs[-1].stop}, and no later run is given"
    else:
        what = "it has no run"
    return (
        f"{what}; the log seems to end while the request waited or ran; if it does, give 'ended', "
        "the first round that the log does not have"
    )


def _together(request: Request, runs: list[Run]) -> str:
    """A hint for a scheduler that keeps the tokens of an evicted request."""
    together = sum(run.stop - run.start for run in runs)
    if len(runs) > 1 and together == request.output_len:
        return (
            f"; its {len(runs)} runs together have {rounds(together)}, as if it resumed with the "
            "tokens of the runs before, but an evicted request starts over"
        )
    return ""


def _possible_evictions(request: Request, length: int) -> str:
    """When a request can be evicted, as a clause."""
    if length == 0:
        return "so the run has no round and holds nothing; leave out runs of no round"
    if request.output_len == 1:
        return "but it has 1 output token and completes after its first round"
    return f"and only 1 to {request.output_len - 1} are possible"
