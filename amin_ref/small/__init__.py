"""How large can a ratio to the optimum get on small instances of identical prompts?

To read: ``instances`` (a fast simulation and an exact optimum for identical prompts that are all
there from the start), then ``bound`` (the bound of theorem T12).
"""
