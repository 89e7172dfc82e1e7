"""In: the hostile outside world becomes entries and extracted pages.

`http` fetches within limits, `decode` turns bytes into text, `feeds` and `pages` read documents (pure
functions that belong into the killable processes of `workers`).
"""
