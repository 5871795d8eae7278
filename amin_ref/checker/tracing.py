"""What did a run do, round by round? The tokens that it computes, generates and holds."""

from __future__ import annotations

from dataclasses import dataclass

from amin_ref.model.machine import Machine
from amin_ref.model.request import Request
from amin_ref.model.schedule import Run
from amin_ref.model.validation import RequestId


@dataclass(frozen=True, slots=True)
class Piece:
    """Rounds of a run in which the request holds one token more from round to round.

    Attributes:
        request: its id.
        start: the first of the rounds.
        stop: the round after the last of them.
        tokens: tokens held in round ``start``, before they are rounded up to blocks.
    """

    request: RequestId
    start: int
    stop: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Traced:
    """What a run did, round by round.

    Attributes:
        run: the run.
        prefix: tokens to compute before its first token is generated.
        before: tokens that the request kept from the runs before.
        generated: tokens that the run generates.
        ends_with_token: whether the last round of the run generates a token.
        too_much: the first round that computes more than what is left of the prefix, if any.
        pieces: what it holds, in order of time.
    """

    run: Run
    prefix: int
    before: int
    generated: int
    ends_with_token: bool
    too_much: int | None
    pieces: tuple[Piece, ...]


def traced_runs(request: Request, runs: list[Run], machine: Machine) -> list[Traced]:
    """The runs of a request, in order of time, with what each of them did."""
    found: list[Traced] = []
    kept = 0
    for run in runs:
        traced = _trace(run, request.prompt_len, kept, machine)
        found.append(traced)
        if machine.after_eviction == "resume":
            kept += traced.generated
    return found


def _trace(run: Run, prompt_len: int, kept: int, machine: Machine) -> Traced:
    prefix = prompt_len + kept
    newest = 1 if machine.last_token_stored else 0
    if run.computed is None:
        length = run.stop - run.start
        piece = Piece(run.request, run.start, run.stop, prefix + newest)
        return Traced(run, prefix, kept, length, length > 0, None, (piece,) if length else ())
    pieces: list[Piece] = []
    in_cache, generated, too_much = 0, 0, None
    has_token = False
    for now, computed in enumerate(run.computed, start=run.start):
        in_cache += computed
        has_token = in_cache >= prefix + generated
        if in_cache > prefix + generated and too_much is None:
            too_much = now
        generated += has_token
        held = in_cache + newest * has_token
        last = pieces[-1] if pieces else None
        if last is not None and held == last.tokens + now - last.start:
            pieces[-1] = Piece(last.request, last.start, now + 1, last.tokens)
        else:
            pieces.append(Piece(run.request, now, now + 1, held))
    return Traced(run, prefix, kept, generated, has_token, too_much, tuple(pieces))
