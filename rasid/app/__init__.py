"""The use-cases: where the core, the sources, the storage and the channels are put together.

The command line and the flows call these and nothing deeper: `collect`, `digest`, `maintain`, each in its module, on
what `context.open_rasid` opens. Each takes its clock as an argument, so that tests and the demo decide what time it is.
Nothing is imported here: a command pays only for what it uses.
"""
