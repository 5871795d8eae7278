"""A policy as a program: ``python -m tests.support.stdin_policy module:Class [argument]``.

It implements the protocol of ``amin-ref drive`` from that protocol's page alone, without code of
``amin_ref.external``. The argument, if there is one, is passed to the class.
"""

from __future__ import annotations

import importlib
import json
import sys

from amin_ref import Machine, Policy, VisibleRequest


def main(name: str, *arguments: str) -> None:
    module, _, attribute = name.partition(":")
    policy: Policy = getattr(importlib.import_module(module), attribute)(*arguments)
    for line in sys.stdin:
        message = json.loads(line)
        if "end" in message:
            return
        if "hello" in message:
            answer: dict[str, object] = {"hello": 2}
        elif "begin" in message:
            policy.use(Machine(**message["machine"]))
            policy.begin(message["capacity"], message["block_size"])
            answer = {"begin": message["begin"]}
        elif "cancelled" in message:
            policy.cancelled(message["request"])
            answer = {"cancelled": message["cancelled"]}
        else:
            arrived = [VisibleRequest(**request) for request in message["arrived"]]
            decision = policy.decide(message["round"], arrived, message["completed"])
            answer = {
                "round": message["round"],
                "evict": list(decision.evict),
                "admit": list(decision.admit),
            }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
