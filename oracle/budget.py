"""How much of the time and memory does each method get?

:func:`oracle.optimum` runs several methods, one after the other. One frozen :class:`Budget` decides
which methods run and for how long; it is passed to each method. No number here can make a result
wrong; numbers only decide how soon a gap closes. Each was chosen on the instances of
``proofs_notes/oracle.md`` (10 to 50 requests with M in 30 … 50, and 2,000 requests of real traces).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from amin_ref.model.errors import InvalidValue


@dataclass(frozen=True)
class NarrowPass:
    """A pass of the exact search that keeps only some states of each round.

    It proves no bound, but finds better schedules sooner than the complete search does.

    Attributes:
        after: seconds of complete search after which the pass is made; 0 or more.
        width: states kept in each round, those with the least bounds; at least 1.
    """

    after: float
    width: int


@dataclass(frozen=True)
class Budget:
    """What :func:`oracle.optimum` spends on each method.

    The first three fields decide which methods run (``method="auto"``):

    Attributes:
        searched: most requests for which the exact search runs. Of instances with M in 30 … 50 it
            solves half within a minute at 16 requests and none at 20; 24 leaves room for easier
            ones.
        modelled: most requests for which the integer programme is considered. A coarse limit: on
            most instances ``entries_per_second`` excludes it earlier.
        entries_per_second: the integer programme runs only if it has at most this many entries for
            each second that is left. With less time its relaxation was never solved, and building
            the model overran the time limit.
        first_look: share of the time limit for a first certificate, and again for a first
            schedule. Everything later starts from them; 2 % settles easy instances at once.
        first_look_per_request: seconds for each request that the first look lasts at most. With
            2,000 requests prices are within 0.1 % of their limit after half a second.
        pricing: share of the time limit for a better certificate, and again for a better schedule
            before the integer programme runs.
        pricing_alone: the same share for the certificate if no integer programme runs although
            requests are few: prices of shares then prove most, and take longer to find.

        annealing_per_request: seconds for each request that one annealing lasts at most; after it
            a new one begins. At 50 requests 5 s found better schedules than 20 s or 1.5 s.
        most_annealing: share of the remaining time that annealing takes at most, so that local
            search can follow it.
        local_search: longest local search, as a multiple of the longest annealing: local search
            stops gaining sooner. Without annealing a local search has a number of moves, unless
            less time than this is left.

        quick_width: states kept in each round by the first narrow pass, made without prices. It
            settles small instances; 30 instead of 100 states saved time at 10 requests.
        narrow_width: states kept in each round by the narrow pass with prices. With 30 or 100
            searches of 12 requests took 40 % longer.
        narrow_passes: later narrow passes. Each is made once the search has lasted longer than the
            pass will take.
        narrow_share: a narrow pass is made earlier once it takes, by the pace of the one before,
            at most this share of the time of the complete search.
        compiled: whether the exact search, annealing, local search and the ascent of prices may
            use compiled code.
        compiled_from: least number of requests for which it does so from the beginning, if an
            earlier process has compiled it. Loading it takes half a second.
        compiled_after: seconds of complete search after which it is compiled otherwise, which takes
            about as long.
        moves_loaded_from: seconds that annealing and local search must have from which they use
            compiled code, if an earlier process has compiled it. Loading it takes half a second.
        moves_compiled_from: the same if it has to be compiled, which takes 3 s.
        prices_loaded_after: seconds after which an ascent of prices of shares uses compiled code,
            if an earlier process has compiled it and as many seconds are left. Loading it takes
            half a second.
        prices_compiled_after: the same if it has to be compiled, which takes 2 s.
        cells_compiled_from: where evicted requests keep their tokens, entries that an evaluation of
            the bound computes from which on compiled code does, with as much time left as above;
            the readable code takes 50 ms for that many.
        chunk_cells: entries of the table of loads (states times rounds) that are extended
            together. States are compared only within a chunk; a quarter of this number, or four
            times as many, made searches of 16 requests longer.
        most_chunks: chunks of states that one round may grow to, about a gigabyte. Where a round
            would grow further the search ends.
        priced_anew: least number of states of a round for which prices are recomputed: finding
            prices takes about as long as extending 2,000 states.
        rounds_of_prices: prices are recomputed at least once in this number of rounds, and in every
            round as long as they drop enough states.
        worth_pricing: share of the states that new prices must drop for that; otherwise the number
            of rounds until the next ones doubles, up to ``rounds_of_prices``.
        seconds_of_work: seconds that a worker process explores a branch before it returns the rest.
            With longer work less time goes into communication.
        seconds_of_last_work: the same if no other branch waits. The rest is returned sooner, so
            that idle processes get a part of it.
        worth_halving: least number of states of an only branch that is split in two for two
            processes. Fewer states are explored in a fraction of a second.

        cutting: largest share of the integer programme's time for cuts, before a solver searches
            for an integer solution.
        passes_without_gain: passes of cuts without gain after which no more are sought. One pass
            without gain is often followed by one that gains.
        seconds_per_entry: seconds that a solver's model takes to build for each entry, as measured
            on PuLP and HiGHS. If the first model takes longer, the longer time counts from then on.

    Raises:
        InvalidValue: a number is negative, or a share is above 1.
    """

    searched: int = 24
    modelled: int = 200
    entries_per_second: float = 2_000
    first_look: float = 0.02
    first_look_per_request: float = 0.005
    pricing: float = 0.15
    pricing_alone: float = 0.5

    annealing_per_request: float = 0.1
    most_annealing: float = 0.7
    local_search: float = 0.5

    quick_width: int = 30
    narrow_width: int = 500
    narrow_passes: tuple[NarrowPass, ...] = (
        NarrowPass(2.0, 5_000),
        NarrowPass(30.0, 20_000),
        NarrowPass(120.0, 80_000),
    )
    narrow_share: float = 0.2
    compiled: bool = True
    compiled_from: int = 10
    compiled_after: float = 5.0
    moves_loaded_from: float = 2.0
    moves_compiled_from: float = 12.0
    prices_loaded_after: float = 1.0
    prices_compiled_after: float = 4.0
    cells_compiled_from: int = 10_000_000
    chunk_cells: int = 2**22
    most_chunks: int = 64
    priced_anew: int = 2_000
    rounds_of_prices: int = 3
    worth_pricing: float = 0.1
    seconds_of_work: float = 4.0
    seconds_of_last_work: float = 0.5
    worth_halving: int = 4_000

    cutting: float = 0.4
    passes_without_gain: int = 5
    seconds_per_entry: float = 5e-6

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "narrow_passes":
                continue
            most = 1 if field.name in SHARES else float("inf")
            if not 0 <= value <= most:
                rule = "it must be a share from 0 to 1" if most == 1 else "it must be 0 or more"
                raise InvalidValue(f"budget: {field.name}", value, rule, "leave it out")


SHARES = frozenset(
    {"first_look", "pricing", "pricing_alone", "most_annealing", "narrow_share", "worth_pricing"}
    | {"cutting"}
)
"""The fields of :class:`Budget` that are shares."""

DEFAULT_BUDGET = Budget()
"""The budget of every call that names none."""
