"""What is the exact optimum of an instance of up to 62 requests?

To read: ``problem`` (requests as arrays), ``states`` (partial schedules), ``bounds`` and
``relaxation`` (lower bounds on their cost), ``compiled_step`` and ``compiled_sequencing`` (the same
states and bounds from compiled code), ``choice`` (whether these are used), ``walk`` (the order of
states, and several processes), ``branch_and_bound`` (the search); and ``token_vectors`` (the search
where evicted requests keep their tokens).
"""
