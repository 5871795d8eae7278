"""The hindsight optimum, and certificates of how good a schedule can be at all.

:func:`optimum` gives the best schedule and a proven bound, :func:`lower_bound` a certificate alone,
and :func:`verify` recomputes what a certificate proves without trusting whoever made it.
"""

from oracle.certificate import Certificate, Stretch, verify
from oracle.multipliers import lower_bound
from oracle.optimum import Evidence, Method, Optimum, optimum

__all__ = [
    "Certificate",
    "Evidence",
    "Method",
    "Optimum",
    "Stretch",
    "lower_bound",
    "optimum",
    "verify",
]
