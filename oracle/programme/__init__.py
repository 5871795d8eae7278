"""Which schedules and bounds do integer-programming solvers find, and which can be trusted?

To read: ``candidates`` (the start rounds that are modelled), ``cuts``, ``branch_and_cut`` (the
programme), ``solvers`` (HiGHS and CBC); ``token_programme`` (the programme where evicted requests
keep their tokens).
"""
