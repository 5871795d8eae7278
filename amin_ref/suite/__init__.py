"""The conformance suite: is somebody else's scheduler valid, and is it Amin?

:func:`examine` runs it against a policy, ``pytest --amin-policy`` the same as tests, and
``amin-ref drive`` against a program in any language. All of them name the theorem that a scheduler
breaks and the rule, and show it on an instance as small as can be.
"""

from amin_ref.policies.loading import MakePolicy
from amin_ref.suite.examination import EXAMPLES, Report, Verdict, examine, theorems_of
from amin_ref.suite.finding import CLAIMS, FAILURES, TITLES, Claim, Finding, Theorem, program
from amin_ref.suite.judgement import judge, judge_schedule

__all__ = [
    "CLAIMS",
    "EXAMPLES",
    "FAILURES",
    "TITLES",
    "Claim",
    "Finding",
    "MakePolicy",
    "Report",
    "Theorem",
    "Verdict",
    "examine",
    "judge",
    "judge_schedule",
    "program",
    "theorems_of",
]
