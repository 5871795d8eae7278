"""Which start rounds, or token rounds, make a schedule, and what do they cost?

A schedule without evictions is one start round for each request. To read: ``start_rounds`` (their
cost, whether they fit, to and from a Schedule), ``free_capacity`` (the earliest round in which a
request fits beside others), ``list_schedule`` (requests placed one by one), ``parts`` (busy
periods, and the parts of an instance that can be solved apart), ``token_rounds`` (the rounds of
each token, where evicted requests keep their tokens).
"""
