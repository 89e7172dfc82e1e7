"""Machine edits of a watchlist's examples: one added, comments and layout kept.

The same splices as those of `rasid.config.editing`: the new text is read again and compared with what was meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rasid.config.editing import append_items, insert_lines, quoted, spliced, with_change
from rasid.config.places import read_source
from rasid.errors import EditError

if TYPE_CHECKING:
    from rasid.config.document import Path
    from rasid.config.editing import Splice
    from rasid.config.places import Place, Source

_STEP = 2  # columns by which a key's own keys are set in, where the file does not say otherwise


def add_example(text: str, term: str, sentence: str, *, match: bool) -> str:
    """Add a sentence at the end of a term's `match:` or `skip:` examples.

    Raises:
        EditError: No such term; the sentence is among its examples already, of this kind or the other; the layout is
            more than can be edited without harm.
    """
    source = read_source(text)
    path = source.term(term)
    kind = "match" if match else "skip"
    for known in ("match", "skip"):
        listed = source.value((*path, "examples", known))
        if isinstance(listed, tuple) and sentence in listed:
            at = (*path, "examples", known, listed.index(sentence))
            raise EditError(source.line(at), f"the sentence is a `{known}:` example of '{term}' already")
    expected = with_change(
        source.root, path, lambda keys: _with(cast("dict[str, object]", keys), kind, sentence)
    )
    return spliced(source, [_splice(source, path, kind, sentence)], expected)


def _with(keys: dict[str, object], kind: str, sentence: str) -> dict[str, object]:
    examples = cast("dict[str, tuple[str, ...] | None]", keys.get("examples") or {})
    return {**keys, "examples": {**examples, kind: (*(examples.get(kind) or ()), sentence)}}


def _splice(source: Source, path: Path, kind: str, sentence: str) -> Splice:
    """Where it goes: to the end of its list, under a new key of `examples`, or under a new `examples`."""
    holder = source.place(path)
    examples = holder.children.get("examples")
    if examples is None:
        return _new_key(source, holder, "examples", kind, sentence)
    if examples.kind != "mapping" or not examples.children:
        raise EditError(source.line_at(holder.keys["examples"].start), "write its first example by hand")
    listed = examples.children.get(kind)
    if listed is None:
        return _new_key(source, examples, kind, None, sentence)
    return append_items(source, listed, [sentence])


def _new_key(source: Source, holder: Place, key: str, inner: str | None, sentence: str) -> Splice:
    """A key behind the last one of a mapping, with the list of one sentence, `inner` being a key between them."""
    last = list(holder.children)[-1]
    end, written = holder.children[last].end, quoted(sentence)
    if holder.flow:
        value = f"[{written}]" if inner is None else f"{{{inner}: [{written}]}}"
        return end, end, f", {key}: {value}"
    column = source.column(holder.keys[last].start)
    keys = [key] if inner is None else [key, inner]
    lines = [" " * (column + _STEP * depth) + f"{one}:" for depth, one in enumerate(keys)]
    lines.append(" " * (column + _STEP * len(keys)) + f"- {written}")
    return insert_lines(source, source.after(end, column), lines)
