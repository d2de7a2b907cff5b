"""How fast the worker is, beside what it stands on and what it replaces: `make bench`.

Nothing here asserts a time. The figures of one run compare with each other, not with another
machine's.
"""
