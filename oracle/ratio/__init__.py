"""How far from the optimum can a policy get, in the worst case?

To read: ``question`` (which policy, on which instances), ``answer`` (the worst instance found),
``candidates`` (which candidates need their optimum computed); ``adversary`` and ``by_rules``
(policies whose rules are known, under every tie-break), ``black_box`` (all other policies, run on
every assignment of output lengths); ``worst_case`` (the search, in pieces), ``checkpoint``
(finished pieces in a file), ``tables`` (the published table); then ``attacks`` and
``attack_table``, which search for high ratios where there are too many instances to try them all;
and ``guarantees`` (what policies with a proven constant cost where Amin is good).
"""
