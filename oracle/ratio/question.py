"""The question for a worst ratio: which policy, on which instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil, comb

from amin_ref.model.errors import InvalidDocument, InvalidValue, shown
from amin_ref.model.validation import whole_number
from amin_ref.policies.names import POLICIES
from amin_ref.policies.variants import VARIANTS
from amin_ref.small.fast_simulation import Rules
from amin_ref.small.setting import Setting

PolicyName = str
"""One of :data:`POLICY_NAMES`, or ``"MODULE:NAME"`` for any other policy."""

RULES: Mapping[PolicyName, Rules] = {
    "amin": Rules(),
    "amin-by-volume": Rules(),
    "amax": Rules(assume="upper"),
    "amin-never-refines": Rules(refine=False),
    "amin-evicts-largest": Rules(victims="descending"),
    "amin-evicts-newest": Rules(victims="newest"),
    "amin-never-looks-ahead": Rules(look_ahead=False),
}
"""The policies that an adversary's walk covers under every tie-break. All prompts are equal, so
Amin by volume decides as Amin does."""

HINDSIGHT_POLICIES = frozenset({"h-sf", "svf"})
"""The policies whose cost depends on the multiset of output lengths alone. All prompts are equal,
so both take the shortest first."""

POLICY_NAMES = tuple(dict.fromkeys((*POLICIES, *VARIANTS)))
"""The policies that have a name of their own."""

PIECE_SIZE = 250
"""Candidates in a piece of work: a piece takes from a tenth of a second to some seconds, so that
little is lost when the search is stopped, and starting a piece costs little beside it."""

MOST_MULTISETS = 2_000_000
"""Questions with more multisets are refused: they are held in memory, at some 500 bytes each."""

MOST_ASSIGNMENTS = 1_000_000
"""Questions with more simulations of a policy are refused: each takes about a millisecond."""

QUESTION_FIELDS = ("policy", "prompt_len", "lower", "upper", "capacity", "requests")


@dataclass(frozen=True, slots=True)
class Question:
    """The policy whose worst ratio to OPT is wanted, and the instances.

    Attributes:
        policy: one of :data:`POLICY_NAMES`, or ``"MODULE:NAME"``.
        setting: prompts, predictions and cache.
        requests: n, at least 1.

    Raises:
        InvalidValue: a field breaks one of these rules, or there are too many instances.
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
        return {"policy": self.policy} | asdict(self.setting) | {"requests": self.requests}

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
            field: whole_number(field, document[field], 1, "tokens")
            for field in ("prompt_len", "lower", "upper", "capacity")
        }
        requests = whole_number("requests", document["requests"], 1, "requests")
        return cls(policy, Setting(**tokens), requests)

    @property
    def has_rules(self) -> bool:
        """Whether every tie-break is covered, without running the policy on every instance."""
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
