"""The bugs that vectors detect: a flag for each, and the broken code that has it.

The cost of a bug is measured if it changes a schedule (:mod:`tests.making.vectors.costs`), and
stated here otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from amin_ref.vectors import VectorPolicy
from tests.long.mutants.catalogue import (
    COMPILED,
    COMPILED_MACHINES,
    COMPILED_REPLAYS,
    DOUBLING,
    MUTANTS,
    RATIOS,
    REPLAY_FCFS,
    Mutant,
)
from tests.making.vectors.implementation import OURS, Implementation, broken
from tests.models.wrong_schedulers import WRONG, WRONG_ON_OTHER_MACHINES, Wrong

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
WRONG_BY_NAME = {
    wrong.name: wrong for wrong in (*WRONG, *(each.wrong for each in WRONG_ON_OTHER_MACHINES))
}

_OF_THE_SUM = "a fault of this checker's way to sum up blocks, which other checkers need not have"

NOT_IN_VECTORS = {
    "every policy receives output lengths": "the mutant changes no schedule",
    "every round looks at every waiting request": "the mutant changes no schedule",
    "checker leaves out the block that a request has begun": _OF_THE_SUM,
    "checker leaves out the requests that are one block ahead": _OF_THE_SUM,
    "checker counts a block of which a request holds nothing": _OF_THE_SUM,
    "SVF counts volumes without blocks": "none of 150 small instances shows it; tests of T20 do",
    "a request that outlives its bound takes its new blocks in other rounds": (
        "vectors of other bugs find it, such as those of CountsTokensNotBlocks"
    ),
    **dict.fromkeys(
        (mutant.name for mutant in (*COMPILED, *COMPILED_MACHINES)),
        "compiled code makes the schedules of large instances alone; its tests find it",
    ),
    **dict.fromkeys(
        (mutant.name for mutant in COMPILED_REPLAYS),
        "compiled code judges large schedules alone; its tests find it",
    ),
    **dict.fromkeys(
        (mutant.name for mutant in REPLAY_FCFS),
        "the vectors of faulty judges are about Amin's decisions; the tests of FCFS's find it",
    ),
    **dict.fromkeys(
        (mutant.name for mutant in RATIOS if mutant.file != DOUBLING),
        "a hypothesis of a theorem on ratios, whose tests find it",
    ),
}
"""Mutants without vectors, each with the reason. Tests of the checker find faults of its sum."""

FILES_IN_VECTORS = ("amin_ref/",)
"""Folders whose mutants need vectors; the oracle's certificates have their own checks."""


@dataclass(frozen=True)
class Flag:
    """A bug under the name that vectors carry.

    Attributes:
        name: the flag.
        bug: what the broken code does.
        mutants: mutants that have the bug.
        schedulers: wrong schedulers that have the bug.
        cost: cost of the bug; ``None`` if it is measured.
        policy: the policy that has the bug, for a measured cost.
    """

    name: str
    bug: str
    mutants: tuple[Mutant, ...]
    schedulers: tuple[Wrong, ...]
    cost: str | None = None
    policy: VectorPolicy = "amin"


def _flag(
    name: str,
    bug: str,
    *sources: str,
    cost: str | None = None,
    policy: VectorPolicy = "amin",
) -> Flag:
    mutants = tuple(BY_NAME[source] for source in sources if source in BY_NAME)
    schedulers = tuple(WRONG_BY_NAME[source] for source in sources if source in WRONG_BY_NAME)
    assert len(mutants) + len(schedulers) == len(sources), f"unknown source of {name}"
    return Flag(name, bug, mutants, schedulers, cost, policy)


SCHEDULER_FLAGS = (
    _flag(
        "FullIsTooFull",
        "evicts when the next token fills the cache exactly",
        "overflow test off by one: a full cache counts as too full",
        "EvictsWhenFull",
    ),
    _flag(
        "OneTokenTooMany",
        "overflows the cache by a token before it evicts",
        "overflow test off by one: a token too many counts as fitting",
    ),
    _flag(
        "EvictsOneTooMany",
        "evicts one more than needed",
        "evicts one request too many",
        "EvictsOneTooMany",
    ),
    _flag(
        "EvictsAtMostOne",
        "evicts at most one request a round",
        "evicts at most one request a round",
    ),
    _flag("EvictsOneTooFew", "carries out only the first of its evictions", "EvictsOneTooFew"),
    _flag(
        "EvictsLargest",
        "evicts the requests with the largest bounds",
        "evicts in descending order",
        "EvictsLargest",
    ),
    _flag("EvictsNewest", "evicts the latest admitted, as FCFS does", "EvictsNewest"),
    _flag(
        "EvictsByRank",
        "evicts in order of tie-break and ignores the bounds",
        "evicts by tie-break alone",
    ),
    _flag(
        "LosesTheEvicted",
        "never starts an evicted request again",
        "evicted requests never run again",
        "LosesTheEvicted",
        cost="requests that are never answered",
    ),
    _flag(
        "NeverRefines",
        "never raises a bound as tokens are generated",
        "bounds are not refined",
        "NeverRefines",
    ),
    _flag("RefinesTooFar", "refines to a + 1", "refines to a + 1", "RefinesTooFar"),
    _flag("RefinesTooLate", "refines to a - 1", "refines one token late", "RefinesTooLate"),
    _flag(
        "ForgetsOnEviction",
        "resets the bound of a request when it is evicted",
        "eviction resets the bound",
        "ForgetsOnEviction",
    ),
    _flag("ReadsUpper", "plans with the upper bound", "Amin reads the upper bound"),
    _flag("SortsByUpper", "admits in order of the upper bound", "SortsByUpper"),
    _flag(
        "SortsByPromptToo",
        "admits in order of prompt plus lower bound",
        "SortsByPromptAndLower",
    ),
    _flag("Peeks", "admits in order of output lengths that it cannot know", "Peeks"),
    _flag(
        "ReservesBlend",
        "reserves the mean of both bounds and never evicts",
        "ReservesBlend",
    ),
    _flag(
        "FirstComeFirstServed",
        "is FCFS: no look-ahead, arrival order",
        "FirstComeFirstServed",
    ),
    _flag("LessForLessOrEqual", "never fills the cache in its plan", "look-ahead: < for ≤"),
    _flag(
        "LookAheadTooShort",
        "does not look at the last round of a request",
        "look-ahead ends one round early",
    ),
    _flag(
        "LastRoundOnly", "looks ahead at one round alone", "look-ahead tests the last round alone"
    ),
    _flag("NeverLooksAhead", "admits what fits now", "never looks ahead", "NeverLooksAhead"),
    _flag(
        "Skips",
        "passes over a request that does not fit",
        "skips a request that does not fit and tries the next one",
        "Skips",
    ),
    _flag(
        "AdmitsOneARound",
        "admits at most one request a round",
        "admits one request a round",
        "AdmitsOneARound",
    ),
    _flag(
        "AdmitsTwice",
        "names an admitted request twice",
        "AdmitsTwice",
        cost="two copies of one prompt in the cache",
    ),
    _flag(
        "ReadmitsAtOnce",
        "admits an evicted request again in the same round",
        "evicted requests are admitted again in the same round",
        "ReadmitsAtOnce",
    ),
    _flag(
        "WaitsForCompany",
        "admits no request in a round with completions",
        "WaitsForCompany",
    ),
    _flag(
        "IgnoresTies",
        "breaks ties by position and ignores the tie-break that is asked for",
        "the tie-break is ignored",
        cost="schedules that cannot be reproduced elsewhere",
    ),
    _flag(
        "CountsTokensNotBlocks",
        "does not round what a request occupies up to whole blocks",
        "block rounding dropped from the plan",
        "block rounding dropped from the cache and the plan's next token",
        "CountsTokensNotBlocks",
    ),
    _flag("RoundsDown", "rounds down to blocks", "rounds down to blocks"),
    _flag(
        "FreedTooEarly",
        "does not count a request that outlives its bound",
        "freed too early: a request that outlives its bound is forgotten",
    ),
    _flag(
        "FreedTooLate",
        "keeps an evicted request in its plan",
        "freed too late: an evicted request's last planned round stays",
    ),
    _flag("FcfsEvictsOldest", "FCFS evicts the oldest", "FCFS evicts the oldest", policy="fcfs"),
    _flag(
        "FcfsAdmitsWhileEvicting",
        "FCFS admits in a round that evicted",
        "FCFS admits in a round that evicted",
        policy="fcfs",
    ),
    _flag(
        "FcfsIgnoresArrival",
        "FCFS orders requests by tie-break, not by arrival",
        "FCFS orders waiting requests by tie-break alone",
        cost="later arrivals overtake waiting requests",
        policy="fcfs",
    ),
    _flag(
        "FcfsWaitsForCompany",
        "FCFS admits no request in a round with completions",
        "FCFS admits no request in a round with completions",
        policy="fcfs",
    ),
    _flag(
        "HindsightTooShort",
        "H-SF reserves a token less than the output",
        "H-SF reserves a token less than the output",
        policy="h-sf",
    ),
    _flag(
        "HindsightPredicts",
        "H-SF reserves the upper bound",
        "H-SF reserves the upper bound",
        policy="h-sf",
    ),
    _flag(
        "ReservesPartBlocks",
        "Amax reserves a part of a block that cannot be used",
        "Amax does not round to blocks",
        policy="amax",
    ),
    _flag(
        "ReservesUnknownAsLower",
        "Amax reserves the lower bound where the upper is unknown",
        "Amax reserves the lower bound where the upper is unknown",
        cost="overflow by the tokens that exceed the lower bound",
        policy="amax",
    ),
    _flag(
        "ReservesOneLess", "Amax reserves a token less", "Amax reserves a token less", policy="amax"
    ),
)

MACHINE = "a cache whose count drifts from what it holds: overflow, or room that stays unused"
MACHINE_FLAGS = (
    _flag(
        "CacheFreesTooMuch",
        "the cache counts a token too many as freed",
        "the cache frees too much on completion",
        cost=MACHINE,
    ),
    _flag(
        "CacheFreesTooLittle",
        "the cache counts a token too few as freed",
        "the cache frees too little on completion",
        cost=MACHINE,
    ),
    _flag(
        "BlocksCountedLate",
        "a new block is counted a round too late",
        "new blocks are counted one round too late",
        cost=MACHINE,
    ),
    _flag(
        "MachineAllowsOneMore",
        "the machine carries out a decision that overflows by a token",
        "the simulator allows a token too many",
        cost="a cache that holds M + 1 tokens",
    ),
    _flag(
        "NeverCompletes",
        "a request with its whole output goes on",
        "requests never complete",
        cost="requests that hold their cache for ever",
    ),
    _flag(
        "CompletesAfterEviction",
        "a run that was evicted completes the run after it",
        "an evicted run's completion counts for the run after it",
        cost="answers that are cut short",
    ),
)

PASSES = "passes as valid: "
CHECKER_FLAGS = tuple(
    _flag(name, bug, source, cost=PASSES + passes)
    for name, bug, source, passes in (
        (
            "CheckerMissesNever",
            "does not report a request that never completes",
            "checker without completes-once: a request that never completes",
            "requests that are never answered",
        ),
        (
            "CheckerMissesTwice",
            "lets a request complete twice",
            "checker without completes-once: a request that completes twice",
            "the work of an answer done twice",
        ),
        (
            "CheckerMissesAfterlife",
            "lets a completed request run again",
            "checker without nothing-after-completion",
            "cache held by requests that are done",
        ),
        (
            "CheckerMissesLength",
            "lets a request complete with too few tokens or too many",
            "checker without completed-length",
            "latencies that are too good: answers cut short",
        ),
        (
            "CheckerMissesEvictedLength",
            "lets an evicted run have any length",
            "checker without evicted-length",
            "evictions of runs that had completed or never begun",
        ),
        (
            "CheckerAllowsWholeOutput",
            "lets a run be evicted with its whole output",
            "checker lets a run be evicted with its whole output",
            "the loss of a finished answer",
        ),
        (
            "CheckerMissesArrival",
            "lets a request start before it arrives",
            "checker without not-before-arrival",
            "latencies that are too good: work done ahead of time",
        ),
        (
            "CheckerMissesOverlap",
            "lets a request run twice at once",
            "checker without no-overlap",
            "two copies of one prompt in the cache",
        ),
        (
            "CheckerMissesCapacity",
            "does not compare what is held with the capacity",
            "checker without within-capacity",
            "any overflow",
        ),
        (
            "CheckerAllowsOneMore",
            "lets the cache hold a token too many",
            "checker allows a token too many",
            "a cache that holds M + 1 tokens",
        ),
        (
            "CheckerDropsBlocks",
            "counts tokens, not blocks",
            "checker drops block rounding",
            "up to B - 1 tokens of overflow a request",
        ),
    )
)

JUDGES = "a judge that "
CONFORMANCE_FLAGS = tuple(
    _flag(name, bug, source, cost=JUDGES + what)
    for name, bug, source, what in (
        (
            "JudgeMissesVictim",
            "lets any request be evicted",
            "conformance lets any request be evicted",
            "passes EvictsLargest, and what that costs",
        ),
        (
            "JudgeMissesTooMany",
            "lets too many be evicted",
            "conformance lets too many be evicted",
            "passes EvictsOneTooMany, and what that costs",
        ),
        (
            "JudgeRefusesLastVictim",
            "refuses a victim without which one token would not have fitted",
            "conformance refuses a last victim that would not have fitted exactly",
            "refuses Amin",
        ),
        (
            "JudgeTakesFirstVictim",
            "takes the first victim for the last",
            "conformance takes the first victim for the last",
            "refuses Amin wherever it evicts two levels",
        ),
        (
            "JudgeForgets",
            "resets the bound of an evicted request",
            "conformance resets the bound of an evicted request",
            "passes ForgetsOnEviction, and refuses Amin",
        ),
        (
            "JudgeIgnoresTies",
            "accepts any tie-break where one is asked for",
            "conformance ignores the tie-break",
            "passes IgnoresTies",
        ),
        (
            "JudgeMissesReadmission",
            "lets an evicted request be admitted in the same round",
            "conformance allows readmission in the round of the eviction",
            "passes ReadmitsAtOnce, and what that costs",
        ),
        (
            "JudgeNeverLooksAhead",
            "does not look ahead",
            "conformance never looks ahead",
            "passes NeverLooksAhead, and what that costs",
        ),
        (
            "JudgeMissesSkipping",
            "lets the first request that does not fit be skipped",
            "conformance allows the first waiting request to be skipped",
            "passes Skips, and what that costs",
        ),
        (
            "JudgeMissesStopping",
            "lets admission stop too early",
            "conformance lets admission stop too early",
            "passes AdmitsOneARound, and what that costs",
        ),
        (
            "JudgeMissesQuietRounds",
            "does not look at rounds in which nothing happens",
            "conformance does not test rounds without events",
            "passes schedulers that leave requests waiting",
        ),
        (
            "JudgeTriesTheSmallest",
            "takes the smallest of equally ranked requests for the one that did not fit",
            "conformance tests the smallest of equally ranked requests, not the largest",
            "refuses Amin where prompts differ",
        ),
        (
            "JudgePlansForEvicted",
            "keeps evicted requests in its plan",
            "conformance keeps evicted requests in its plan",
            "refuses Amin after evictions",
        ),
        (
            "JudgeLooksAtLastRound",
            "looks at the last round alone",
            "conformance looks at the last round alone",
            "passes LastRoundOnly, and what that costs",
        ),
        (
            "JudgeDropsBlocks",
            "plans without blocks",
            "conformance plans without blocks",
            "refuses Amin where blocks are larger than a token",
        ),
    )
)

OTHER_POLICY_FLAGS = (
    _flag("SvfGoesByLength", "SVF goes by length", "SVF orders requests by length", policy="svf"),
    _flag(
        "ByVolumeGoesByBound",
        "Amin by volume admits in the order of bounds",
        "Amin by volume admits by bound",
        policy="amin-by-volume",
    ),
    _flag(
        "SjfGoesByArrival", "SJF goes by arrival", "SJF orders requests by arrival", policy="sjf"
    ),
    _flag(
        "DoublingAddsOne",
        "doubling budgets grow by one token",
        "budgets grow by one token, not twofold",
        policy="doubling",
    ),
    _flag(
        "DoublingEvictsLate",
        "a request may use one token more than its budget",
        "a request may use one token more than its budget",
        policy="doubling",
    ),
    _flag(
        "MCBenchmarkShortestFirst",
        "MC-Benchmark takes the shortest first",
        "MC-Benchmark takes the shortest first",
        policy="mc-benchmark",
    ),
    _flag(
        "AlphaGreedyFillsTheCache",
        "α-greedy keeps no part of the cache free",
        "α-greedy fills the whole cache",
        cost="the cache overflows in the next round, and every running request is evicted",
        policy="alpha-greedy",
    ),
    _flag(
        "AlphaGreedyNeverHalves",
        "α-greedy never halves its limit",
        "α-greedy never halves its limit",
        cost="the same requests evict each other for ever",
        policy="alpha-greedy",
    ),
)

OTHER_MACHINE_FLAGS = (
    _flag(
        "LosesKeptTokens",
        "counts the tokens of an evicted request from nothing where the machine keeps them",
        "LosesKeptTokens",
        cost="a plan without the kept tokens, which overflows",
    ),
    _flag(
        "StoresTheLastToken",
        "counts cache for the newest token where the machine does not store it",
        "StoresTheLastToken",
        cost="one token of unused cache for each running request",
    ),
    _flag(
        "IgnoresTokensPerRound",
        "takes every prefix for computed in one round, whatever the machine's limit",
        "IgnoresTokensPerRound",
        cost="evictions that make room for tokens which were not generated, at worst for ever",
    ),
    _flag(
        "IgnoresMaxRunning",
        "admits more requests than the machine runs in a round",
        "IgnoresMaxRunning",
        cost="decisions that an engine cannot carry out",
    ),
    _flag(
        "IgnoresTheWatermark",
        "admits into the blocks that the machine wants free",
        "IgnoresTheWatermark",
        cost="evictions that the free blocks would have prevented",
    ),
)

FLAGS: tuple[Flag, ...] = (
    *SCHEDULER_FLAGS,
    *MACHINE_FLAGS,
    *CHECKER_FLAGS,
    *CONFORMANCE_FLAGS,
    *OTHER_POLICY_FLAGS,
    *OTHER_MACHINE_FLAGS,
)


def broken_implementations(flag: Flag) -> Iterator[Implementation]:
    """Every implementation that has the bug, one after the other."""
    for mutant in flag.mutants:
        with broken(mutant) as implementation:
            yield implementation
    for wrong in flag.schedulers:
        yield replace(OURS, scheduler=wrong.make)
