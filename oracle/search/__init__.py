"""What is the exact optimum of an instance of up to 62 requests?

To read: ``problem`` (requests as arrays), ``states`` (partial schedules), ``bounds`` and
``relaxation`` (lower bounds on their cost), ``walk`` (the order of states, and several processes),
``branch_and_bound`` (the search); and ``token_vectors`` (the search where evicted requests keep
their tokens).
"""
