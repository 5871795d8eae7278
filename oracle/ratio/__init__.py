"""How far from the optimum can a policy get, in the worst case?

To read: ``question``, ``adversary``, ``worst_case``, ``checkpoint``, ``tables``; then ``attacks``
and ``attack_table``, which look for bad instances where not all can be tried.
"""
