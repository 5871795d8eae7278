"""The hindsight optimum, and certificates that bound the cost of every schedule from below.

How good can any schedule of an instance be? :func:`optimum` gives the best schedule found and a
proven bound, :func:`lower_bound` a certificate alone, and :func:`verify` recomputes the bound that
a certificate proves, without trusting the program that made it.

Each name is imported when it is first used. HiGHS and PuLP are imported only when the integer
programme is used; everything else works where neither is installed.

To read: ``cheapest_rounds`` (what a request costs at given prices if it may pause), ``certificate``
(the proof of a bound), ``deadline`` (when a search stops), ``budget`` (the
time and memory of each method) and ``journal`` (a file of finished work); ``starts`` (start rounds
and list schedules); ``prices``, ``heuristics``, ``search`` and ``programme`` (the four ways to find
schedules and bounds); ``portfolio`` (which of them are used); ``ratio`` (a policy's worst ratio to
the optimum); ``claims`` and ``report`` (the article, measured and shown).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oracle.budget import Budget
    from oracle.certificate import Certificate, Stretch, verify
    from oracle.portfolio import Evidence, Method, Optimum, optimum
    from oracle.prices.ascent import lower_bound

__all__ = [
    "Budget",
    "Certificate",
    "Evidence",
    "Method",
    "Optimum",
    "Stretch",
    "lower_bound",
    "optimum",
    "verify",
]

_MODULES = {
    "Budget": "oracle.budget",
    "Certificate": "oracle.certificate",
    "Stretch": "oracle.certificate",
    "verify": "oracle.certificate",
    "Evidence": "oracle.portfolio",
    "Method": "oracle.portfolio",
    "Optimum": "oracle.portfolio",
    "optimum": "oracle.portfolio",
    "lower_bound": "oracle.prices.ascent",
}


def __getattr__(name: str) -> object:
    """The public name, from the module that defines it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names, imported or not, and all other names of the module."""
    return sorted({*globals(), *__all__})
