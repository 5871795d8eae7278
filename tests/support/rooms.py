"""The folders of the project in the order of imports, which the architecture test enforces.

README's map is made from this list. A room is a folder or file directly inside a package. Rooms are
listed by floors: a room may import from all floors below its own, and from no other room of its own
floor.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """A folder or file of the project, and the question that it answers.

    Attributes:
        name: dotted, such as ``"amin_ref.model"``.
        question: what a reader finds there, in a clause.
    """

    name: str
    question: str


ROOMS: tuple[tuple[Room, ...], ...] = (
    (Room("amin_ref.model", "what is a request, an instance, a schedule?"),),
    (
        Room("amin_ref.files", "how is a file written whole, and read once and within limits?"),
        Room("amin_ref.checker", "is a schedule valid?"),
        Room("amin_ref.judging", "what did a schedule cost its requests? evictions, waits, cycles"),
        Room("amin_ref.logs", "how does an engine log what it does, and how is that read?"),
        Room("amin_ref.families", "on which instances is a policy far from the optimum?"),
        Room("amin_ref.policies", "**Amin**, step by step as in the paper; Amax, H-SF, FCFS"),
        Room("amin_ref.schemas", "the JSON Schema of every kind of document"),
        Room("amin_ref.small", "small instances of identical prompts, and the bound of T12"),
    ),
    (Room("amin_ref.compiled", "the same schedules from compiled code, for large instances"),),
    (
        Room("amin_ref.workloads", "traces, embedded length distributions, predictions, arrivals"),
        Room("amin_ref.simulator", "what happens when a policy meets an instance?"),
        Room("amin_ref.conformance", "could Amin (Amax, H-SF, FCFS) have made this schedule?"),
        Room("amin_ref.external", "schedulers in other programs, as policies"),
        Room("amin_ref.engines", "Amin inside serving engines, and a log of what they do"),
    ),
    (
        Room("amin_ref.comparison", "how do policies compare? metrics, tables, intervals"),
        Room("amin_ref.proved", "what do the machine-checked checkers say?"),
    ),
    (Room("amin_ref", "the public names"),),
    (
        Room("amin_ref.vectors", "test vectors for schedulers and checkers in any language"),
        Room("amin_ref.strategies", "Hypothesis strategies, for tests of ours and of users"),
        Room("amin_ref.suite", "the tests of a foreign scheduler"),
    ),
    (Room("amin_ref.pytest_plugin", "the same tests, as a pytest plugin"),),
    (Room("oracle.cheapest_rounds", "when does a request generate its tokens at the least cost?"),),
    (
        Room("oracle.certificate", "what does a lower bound rest on? verified without a solver"),
        Room("oracle.deadline", "when does a search stop?"),
        Room("oracle.budget", "how much of the time does each method get?"),
        Room("oracle.compiled", "the inner loops of search and heuristics, compiled"),
        Room("oracle.journal", "lines that survive a kill"),
        Room("oracle.starts", "start rounds: what fits, what it costs, list schedules"),
    ),
    (
        Room("oracle.prices", "which prices prove the most?"),
        Room("oracle.search", "the exact optimum, up to 62 requests"),
        Room("oracle.programme", "the integer programme, under HiGHS or CBC"),
        Room("oracle.ratio", "how bad can a policy get?"),
    ),
    (Room("oracle.heuristics", "good schedules for thousands of requests"),),
    (Room("oracle.portfolio", "which of these are asked, and for how long?"),),
    (Room("oracle", "the public names"),),
    (Room("oracle.claims", "does what the article claims hold?"),),
    (Room("oracle.report", "the page that shows it all"),),
    (Room("amin_ref.cli", "the command line, which loads everything else when it is needed"),),
    (Room("amin_ref.__main__", "the same, as ``python -m amin_ref``"),),
)

NAMES = frozenset(room.name for floor in ROOMS for room in floor)


def room_of(module: str) -> str:
    """The room that a module belongs to: ``amin_ref.policies`` for ``amin_ref.policies.amin``."""
    inside = ".".join(module.split(".")[:2])
    return inside if inside in NAMES or "." in inside else module
