"""What a parser may raise on hostile input: the input's fault, not a bug of ours.

RecursionError is nesting, MemoryError the worker's limit; an error that is not named here stops the run, loudly.
"""

from __future__ import annotations

PARSER_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
