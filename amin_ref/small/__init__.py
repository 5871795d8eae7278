"""How large can a ratio to the optimum get on small instances of identical prompts?

To read: ``setting`` (prompt, predicted interval and cache, shared by all requests of an instance),
``plans`` (future cache occupancy, packed into one integer), ``fast_simulation`` (what a scheduler
costs), ``optimum`` (what the best schedule costs, found without a solver), ``optimum_resume`` (the
same where evicted requests keep their tokens), ``bound`` (the bounds of theorems T12 and T16).
"""
