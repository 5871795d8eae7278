"""The question for a worst ratio: which policy, on which instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, comb

from amin_ref.model.errors import InvalidDocument, InvalidValue, shown
from amin_ref.model.machine import PAPERS_MACHINE, machine_document, machine_from_document
from amin_ref.model.validation import whole_number
from amin_ref.policies import ByPosition
from amin_ref.policies.names import FOR_RESUME, POLICIES
from amin_ref.policies.variants import VARIANTS
from amin_ref.small.fast_simulation import Rules
from amin_ref.small.setting import Setting

PolicyName = str
"""One of :data:`POLICY_NAMES`, or ``"MODULE:NAME"`` for any other policy."""

RULES: Mapping[PolicyName, Rules] = {
    "amin": Rules(),
    "amin-by-volume": Rules(),
    "amax": Rules(assume="upper"),
    "fcfs": Rules(
        refine=False, victims="descending", look_ahead=False, admits_after_evicting=False
    ),
    "amin-never-refines": Rules(refine=False),
    "amin-evicts-largest": Rules(victims="descending"),
    "amin-evicts-newest": Rules(victims="newest"),
    "amin-never-looks-ahead": Rules(look_ahead=False),
}
"""The policies that an adversary's walk covers under every tie-break. All prompts are equal, so
Amin by volume decides as Amin does where evicted requests restart. FCFS serves requests that arrive
together in the order of ranks, so every tie-break is every order of arrival; the running requests
are those of the lowest ranks, and the latest admitted is the last of them."""

ONLY_WHERE_REQUESTS_RESTART = frozenset({"amin-by-volume"})
"""The policies of :data:`RULES` that order by volume: a request that resumes has less to come than
another of the same ℓ̃."""

HINDSIGHT_POLICIES = frozenset({"h-sf", "svf", "srv"})
"""The policies whose cost depends on the multiset of output lengths alone. All prompts are equal,
so H-SF and SVF take the shortest first. SRV takes the smallest remaining volume first."""

POLICY_NAMES = tuple(dict.fromkeys((*POLICIES, *FOR_RESUME, *VARIANTS)))
"""The policies that have a name of their own."""

PIECE_SIZE = 250
"""Candidates in a piece of work: a piece takes from a tenth of a second to some seconds, so that
little is lost when the search is stopped, and starting a piece costs little beside it."""

MOST_MULTISETS = 2_000_000
"""Questions with more multisets are refused: they are held in memory, at some 500 bytes each."""

MOST_ASSIGNMENTS = 1_000_000
"""Questions with more simulations of a policy are refused: each takes about a millisecond."""

TOKEN_FIELDS = ("prompt_len", "lower", "upper", "capacity")

QUESTION_FIELDS = ("policy", *TOKEN_FIELDS, "requests")

MACHINE_FIELD = "machine"
"""A further field, of questions about another machine than the paper's."""


@dataclass(frozen=True, slots=True)
class Question:
    """The policy whose worst ratio to OPT is wanted, and the instances.

    Attributes:
        policy: one of :data:`POLICY_NAMES`, or ``"MODULE:NAME"``.
        setting: prompts, predictions, cache and machine.
        requests: n, at least 1.

    Raises:
        InvalidValue: a field breaks one of these rules, the policy is not made for the machine, or
            there are too many instances.
    """

    policy: PolicyName
    setting: Setting
    requests: int

    def __post_init__(self) -> None:
        whole_number("requests", self.requests, 1, "requests")
        if self.policy not in POLICY_NAMES and ":" not in self.policy:
            raise InvalidValue(
                "policy",
                self.policy,
                "there is no policy of that name",
                f"give one of {', '.join(POLICY_NAMES)}, or MODULE:NAME for a policy of your own",
            )
        for made in (POLICIES, FOR_RESUME, VARIANTS):
            if self.policy in made:
                made[self.policy].make(ByPosition()).use(self.setting.machine)
        most = MOST_MULTISETS if self.has_rules else MOST_ASSIGNMENTS
        if self.candidates > most:
            raise InvalidValue(
                "requests",
                self.requests,
                f"that makes {self.candidates:,} {self.unit}, and at most {most:,} are tried",
                "give fewer requests or a narrower interval",
            )

    def as_document(self) -> dict[str, object]:
        """The question as a JSON-ready object."""
        setting = self.setting
        tokens = {field: getattr(setting, field) for field in TOKEN_FIELDS}
        machine = machine_document(setting.machine)
        return (
            {"policy": self.policy}
            | tokens
            | {"requests": self.requests}
            | ({MACHINE_FIELD: machine} if machine else {})
        )

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Question:
        """The question that :meth:`as_document` wrote.

        Raises:
            InvalidDocument: the policy is not a text.
            InvalidValue: a value breaks a rule.
        """
        policy = document["policy"]
        if not isinstance(policy, str):
            raise InvalidDocument(f"policy: {shown(policy)} is not the name of a policy.")
        tokens = {
            field: whole_number(field, document[field], 1, "tokens") for field in TOKEN_FIELDS
        }
        machine = PAPERS_MACHINE
        if MACHINE_FIELD in document:
            machine = machine_from_document(document[MACHINE_FIELD], MACHINE_FIELD)
        requests = whole_number("requests", document["requests"], 1, "requests")
        return cls(policy, Setting(**tokens, machine=machine), requests)

    @property
    def has_rules(self) -> bool:
        """Whether every tie-break is covered, without running the policy on every instance."""
        resumes = self.setting.machine.after_eviction == "resume"
        if resumes and self.policy in ONLY_WHERE_REQUESTS_RESTART:
            return False
        return self.policy in RULES or self.policy in HINDSIGHT_POLICIES

    @property
    def is_foreign(self) -> bool:
        """Whether the policy is given as ``MODULE:NAME``."""
        return self.policy not in POLICY_NAMES

    @property
    def candidates(self) -> int:
        """How many :attr:`unit` are compared: multisets if :attr:`has_rules`, else assignments."""
        return self.multisets if self.has_rules else self.instances

    @property
    def unit(self) -> str:
        """What one candidate is."""
        return "multisets of output lengths" if self.has_rules else "assignments of output lengths"

    @property
    def multisets(self) -> int:
        """Number of multisets of output lengths."""
        lengths = self.setting.upper - self.setting.lower + 1
        return comb(self.requests + lengths - 1, self.requests)

    @property
    def instances(self) -> int:
        """Number of assignments of output lengths to requests, in order of rank: (u - ℓ + 1)^n."""
        count: int = (self.setting.upper - self.setting.lower + 1) ** self.requests
        return count

    @property
    def pieces(self) -> int:
        """Number of pieces that the work is cut into."""
        return ceil(self.candidates / PIECE_SIZE)

    def size_of(self, piece: int) -> int:
        """Number of candidates in a piece, counted from 0."""
        return min(PIECE_SIZE, self.candidates - piece * PIECE_SIZE)
