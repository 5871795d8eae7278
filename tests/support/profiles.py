"""How many examples are tested: Hypothesis profiles, chosen by the variable ``AMIN_PROFILE``.

=========  ==========================================================================
dev        a tenth of the examples of ci: a quick run while editing
ci         the default: the same examples in every run, so only a change can cause a failure
mutants    the examples of ci, without shrinking: to see which test fails on a mutant
glance     a tenth of the examples of mutants: a first, quick pass over all mutants
deep       random examples, ``AMIN_DEEP_EXAMPLES`` for each property (default 10,000)
crosshair  deep, with examples found by symbolic execution (default 50): needs the extra ``deep``
=========  ==========================================================================
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

BASE_EXAMPLES = 100
"""Examples of a property in profile ``ci``, unless the property sets another number."""


def load_profile() -> None:
    """Register the profiles and load the one that the environment names."""
    # A slow or busy machine is no failure: properties are about values, benchmarks about time.
    slow_is_fine = [HealthCheck.too_slow]
    settings.register_profile(
        "dev",
        max_examples=BASE_EXAMPLES // 10,
        deadline=None,
        suppress_health_check=slow_is_fine,
    )
    settings.register_profile(
        "ci",
        max_examples=BASE_EXAMPLES,
        derandomize=True,
        deadline=None,
        print_blob=True,
        suppress_health_check=slow_is_fine,
    )
    settings.register_profile(
        "mutants",
        settings.get_profile("ci"),
        phases=[Phase.explicit, Phase.generate, Phase.target],
        report_multiple_bugs=False,
    )
    settings.register_profile(
        "glance", settings.get_profile("mutants"), max_examples=BASE_EXAMPLES // 10
    )
    settings.register_profile(
        "deep",
        max_examples=int(os.environ.get("AMIN_DEEP_EXAMPLES", "10000")),
        deadline=None,
        print_blob=True,
        suppress_health_check=slow_is_fine,
    )
    chosen = os.environ.get("AMIN_PROFILE", "ci")
    if chosen == "crosshair":  # registered on demand: it is refused where it is not installed
        settings.register_profile(
            "crosshair",
            backend="crosshair",
            max_examples=int(os.environ.get("AMIN_DEEP_EXAMPLES", "50")),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
    settings.load_profile(chosen)


def is_symbolic() -> bool:
    """Whether the loaded profile draws symbolic integers."""
    return settings().backend == "crosshair"


def times(factor: float) -> settings:
    """The loaded profile with ``factor`` times its examples."""
    return settings(max_examples=max(1, round(factor * settings().max_examples)))


def many(default: int, deep: int) -> int:
    """How many random cases a test tries that is not a property: more in the profile ``deep``."""
    return deep if os.environ.get("AMIN_PROFILE") == "deep" else default
