"""Is a user's scheduler valid, and is it Amin?

:func:`examine` tests a policy, ``pytest --amin-policy`` runs the same tests under pytest, and
``amin-ref drive`` runs them on a program in any language. Each names the theorem and the rule that
a scheduler breaks, and shows the failure on an instance made as small as possible. Reading order:

1. ``finding``: the theorems, and what is reported of a scheduler that breaks one.
2. ``random_instances``: the small instances on which schedulers are tested.
3. ``judgement``: what a scheduler breaks on one instance.
4. ``t5_hidden``, ``t12_ratio``: the two theorems that need more than one schedule.
5. ``shrinking``: smaller instances that still fail.
6. ``examination``: all theorems on many instances.
7. ``pytest_items``: the same as pytest tests.
"""

from amin_ref.policies.loading import MakePolicy
from amin_ref.suite.examination import EXAMPLES, Report, Verdict, examine, theorems_of
from amin_ref.suite.finding import (
    FAILURES,
    SCHEDULER_CLAIMS,
    TITLES,
    Claim,
    Finding,
    Theorem,
    program,
)
from amin_ref.suite.judgement import judge, judge_schedule

__all__ = [
    "EXAMPLES",
    "FAILURES",
    "TITLES",
    "Claim",
    "Finding",
    "MakePolicy",
    "Report",
    "SCHEDULER_CLAIMS",
    "Theorem",
    "Verdict",
    "examine",
    "judge",
    "judge_schedule",
    "program",
    "theorems_of",
]
