"""Machine edits of operators' files that a person reviews in a diff: text in, text out, the smallest change.

Theory of operation. `rasid.config.places` tells where each value stands; an edit finds its place there and
splices the text, so that comments, order, quoting, anchors and line ends elsewhere survive byte for byte.
What was meant is worked out on the plain values as well; the new text is read again and compared with it,
and an edit that did anything else is refused: a layout that this module does not know costs the operator an
edit by hand, never a word of the file.

Rejected: ruamel's round-trip dumper. It lays out long flow lists anew, and a form added to one is a diff of
forty lines.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, cast

from rasid.config.document import read_document
from rasid.config.places import BY_HAND, read_source, span
from rasid.config.values import nearest
from rasid.errors import EditError
from rasid.text import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rasid.config.document import Path
    from rasid.config.places import Place, Source

Kind = Literal["forms", "codes", "lookalikes"]
Splice = tuple[int, int, str]  # text[start:end] becomes the third

_KINDS: tuple[Kind, ...] = ("forms", "codes", "lookalikes")
_ORDER = ("id", "label", "label_en", "importance", *_KINDS)  # of a term's keys, as the documentation has them

# ── the edits ─────────────────────────────────────────────────────────────────────────────────────


def add_forms(
    text: str,
    term: str,
    forms: Sequence[str],
    kind: Kind = "forms",
    *,
    near: Sequence[str] = (),
    within: int | None = None,
    unless: Sequence[str] = (),
) -> str:
    """Add spellings to a term at the end of its list of that kind, each with the cues given.

    Raises:
        EditError: no such term; a spelling folds to one that the term has; the list is shared by an anchor.
    """
    source = read_source(text)
    path = source.term(term)
    _refuse_twins(source, path, forms)
    if not forms:
        return text
    _refuse_shared(source, (*path, kind))
    cues: dict[str, object] = {"near": tuple(near), "within": within, "unless": tuple(unless)}
    cues = {key: value for key, value in cues.items() if value}
    items = tuple({"form": form, **cues} if cues else form for form in forms)
    holder = source.place(path)
    if kind in holder.children:
        splice = append_items(source, holder.children[kind], items)
    else:
        splice = _new_key(source, holder, kind, items)
    expected = with_change(source.root, path, lambda keys: {**keys, kind: (*keys.get(kind, ()), *items)})
    return spliced(source, [splice], expected)


def add_term(
    text: str, term: str, label: str, *, label_en: str | None = None, importance: int | None = None
) -> str:
    """Add a term, without spellings yet, at the end of the list, laid out as the others are.

    Raises:
        EditError: the id is taken; there is no list of terms.
    """
    source = read_source(text)
    terms = source.places.children.get("terms")
    if terms is None or terms.kind != "list":
        raise EditError(0, "there is no list 'terms'; write the first term by hand")
    if term in source.ids():
        raise EditError(source.line(source.term(term)), f"term '{term}' is there already; add forms to it")
    fields = {"id": term, "label": label, "label_en": label_en, "importance": importance}
    fields = {key: value for key, value in fields.items() if value is not None}
    splice = append_items(source, terms, [fields]) if terms.flow else _new_term(source, terms, fields)
    return spliced(source, [splice], with_change(source.root, ("terms",), lambda terms: (*terms, fields)))


def remove_forms(text: str, term: str, forms: Sequence[str]) -> str:
    """Take spellings out of a term, wherever it has them; a list that becomes empty goes with its key.

    Each is meant as it is written; where none is written so, those that fold to the same are meant.

    Raises:
        EditError: the term has no such spelling, or none would be left; others repeat what would go.
    """
    source = read_source(text)
    path = source.term(term)
    listed = sorted((at for at, _ in _spellings(source, path)), key=source.line)
    unwanted = {at for form in forms for at in _spelled(source, path, form)}
    left = {at[-2] for at in listed if at not in unwanted}
    if left <= {"lookalikes"} and source.value((*path, "query")) is None:
        message = f"term '{term}' would be left without a spelling; remove the whole term"
        raise EditError(source.line(path), message)
    # From the back: an alias goes before the anchor that it repeats, and indices stay true.
    for at in reversed([at for at in listed if at in unwanted]):
        text = _without_item(read_source(text), at)
    return text


def remove_term(text: str, term: str) -> str:
    """Take a term out of the list, with the comment directly above that is its own.

    Raises:
        EditError: no such term, or it is the last; something that others repeat by an alias stands in it.
    """
    source = read_source(text)
    path = source.term(term)
    if len(source.ids()) == 1:
        raise EditError(source.line(path), f"'{term}' is the list's only term; remove the file instead")
    return _without_item(source, path)


def rename_term(text: str, old: str, new: str) -> str:
    """Change a term's id, and the references to it in the queries of the list's terms.

    Raises:
        EditError: no such term, or the new id is taken.
    """
    source = read_source(text)
    path = source.term(old)
    if new in source.ids():
        raise EditError(source.line(source.term(new)), f"term '{new}' is there already; choose another id")
    return _replaced(source, [(*path, "id"), *_references(source, old)], new)


def rename_references(text: str, old: str, new: str) -> str:
    """Change an id in the queries of a watchlist that holds other terms; without any, the text as it is."""
    source = read_source(text)
    return _replaced(source, _references(source, old), new)


def rename_in_subscriptions(text: str, old: str, new: str) -> str:
    """Change an id in the `terms` of subscriptions.yaml; without any, the text as it is."""
    source = read_source(text)
    named = [path for path, value in source.document.select("subscriptions.*.terms.*") if value == old]
    return _replaced(source, named, new)


# ── values as YAML ────────────────────────────────────────────────────────────────────────────────


def quoted(text: str) -> str:
    """A text as YAML that reads back as the same wherever a value may stand: plain where that will do.

    Raises:
        EditError: It holds a character that no operators' file may hold.
    """
    single = "'" + text.replace("'", "''") + "'"
    double = '"' + "".join(map(_escaped, text)) + '"'
    for written in (text, single, double):
        probe = f"k: {written}\nblock:\n  - {written}\nflow: [{written}, {{k: {written}, e: {written}}}]\n"
        expected = {"k": text, "block": (text,), "flow": (text, {"k": text, "e": text})}
        document, problems = read_document(probe, "")
        if document is not None and not problems and document.root.value == expected and "\n" not in written:
            return written
    raise EditError(0, f"{text!r} holds a character that a file may not hold; write it without")


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08X}"


def _inline(value: object) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_inline(part)}" for key, part in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return quoted(value) if isinstance(value, str) else str(value)


# ── insertions ────────────────────────────────────────────────────────────────────────────────────


def append_items(source: Source, place: Place, items: Iterable[object]) -> Splice:
    """Items at the end of a list, each on one line of a block list or all on the last of a flow list."""
    if place.kind != "list":
        raise EditError(source.line_at(place.start), "expected a list: [a, b], or a '- ' line for each")
    written = [_inline(item) for item in items]
    if not place.flow:
        return append_lines(source, place, [f"- {item}" for item in written])
    if place.children:
        end = place.children[len(place.children) - 1].end
        return end, end, "".join(f", {item}" for item in written)
    start = source.text.index("[", place.start) + 1
    return start, start, ", ".join(written)


def append_lines(source: Source, place: Place, lines: Sequence[str]) -> Splice:
    """Lines after the last item of a block list, indented as its dashes are."""
    last = place.children[len(place.children) - 1]
    column = source.column(source.dash(last))
    return insert_lines(source, source.after(last.end, column), [" " * column + line for line in lines])


def insert_lines(source: Source, at: int, lines: Sequence[str]) -> Splice:
    """Lines at the beginning of a line, or at the end of the text."""
    written = [line if line.strip() else "" for line in lines]
    if at == len(source.text) and not source.text.endswith("\n"):  # the text stays without a last newline
        return at, at, "".join(source.newline + line for line in written)
    return at, at, "".join(line + source.newline for line in written)


def _new_key(source: Source, holder: Place, kind: Kind, items: tuple[object, ...]) -> Splice:
    """A list under a new key, after the key that precedes it in the usual order."""
    before = [key for key in _ORDER[: _ORDER.index(kind)] if key in holder.children][-1]
    end = holder.children[before].end
    if holder.flow:
        return end, end, f", {kind}: {_inline(items)}"
    column = source.column(holder.keys[before].start)
    dashes = " " * (column + _dash_offset(source))
    lines = [" " * column + f"{kind}:", *(f"{dashes}- {_inline(item)}" for item in items)]
    return insert_lines(source, source.after(end, column), lines)


def _dash_offset(source: Source) -> int:
    """How far the file indents the dashes under a key: as in its last block list."""
    offsets = [
        source.column(source.dash(child.children[0])) - source.column(mapping.keys[key].start)
        for mapping in source.places.walk()
        if mapping.kind == "mapping" and not mapping.flow
        for key, child in mapping.children.items()
        if child.kind == "list" and not child.flow
    ]
    return offsets[-1]


def _new_term(source: Source, terms: Place, fields: Mapping[str, object]) -> Splice:
    """The lines of a term, with a blank one before it where the terms of the file are set apart."""
    items = list(terms.children.values())
    gaps = [source.text[one.end : other.start] for one, other in pairwise(items)]
    apart = any(re.search(r"\n[ \t]*\r?\n", gap) for gap in gaps)
    blocks = [item for item in items if item.kind == "mapping" and not item.flow]
    width = blocks[-1].start - source.dash(blocks[-1]) if blocks else 2
    first, *others = (f"{key}: {_inline(value)}" for key, value in fields.items())
    lines = ["-".ljust(width) + first, *(" " * width + other for other in others)]
    return append_lines(source, terms, ["", *lines] if apart else lines)


# ── removals ──────────────────────────────────────────────────────────────────────────────────────


def _without_item(source: Source, path: Path) -> str:
    """The text without one item of a list, or without the list's key where it was the only item."""
    owner = path[:-1]
    _refuse_shared(source, owner)
    gone = path if len(source.place(owner).children) > 1 else owner
    start, end = span(source, gone)
    _refuse_lost_anchors(source, start, end)
    expected = with_change(source.root, gone[:-1], lambda values: _but(values, gone[-1]))
    return spliced(source, [(start, end, "")], expected)


def _but(values: object, step: str | int) -> object:
    """A mapping without a key, or a list without an item."""
    if isinstance(values, dict):
        return {key: value for key, value in values.items() if key != step}
    return tuple(item for at, item in enumerate(cast("tuple[object, ...]", values)) if at != step)


# ── replacements ──────────────────────────────────────────────────────────────────────────────────


def _references(source: Source, term: str) -> list[Path]:
    """Every `term: ID` in the queries of the list."""
    queries = source.document.select("terms.*.query")
    return [named for path, query in queries for named in _named_in(query, path, term)]


def _named_in(value: object, path: Path, term: str) -> Iterator[Path]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else ()
    for step, part in parts:
        if step == "term" and part == term:
            yield (*path, step)
        else:
            yield from _named_in(part, (*path, step), term)


def _replaced(source: Source, paths: Sequence[Path], new: str) -> str:
    """The text with other scalars at these paths; an alias follows what it repeats."""
    splices: list[Splice] = []
    expected = source.root
    for path in paths:
        expected = with_change(expected, path, lambda _: new)
        place: Place | None = source.places
        for step in path:
            place = place.children.get(step) if place else None
        if place and place.kind == "scalar":
            anchor = f"&{place.anchor} " if place.anchor else ""
            splices.append((place.start, place.end, anchor + quoted(new)))
    return spliced(source, splices, expected)


# ── what is refused ───────────────────────────────────────────────────────────────────────────────


def _spellings(source: Source, path: Path) -> list[tuple[Path, str]]:
    """Every spelling of a term as (path of its item, text)."""
    found: list[tuple[Path, str]] = []
    for kind in _KINDS:
        items = source.value((*path, kind))
        for index, item in enumerate(items if isinstance(items, tuple) else ()):
            form = item.get("form") if isinstance(item, dict) else item
            if isinstance(form, str):
                found.append(((*path, kind, index), form))
    return found


def _read_alike(form: str) -> str:
    """The same for spellings between which Rasid sees no difference."""
    return " ".join(fold(form).text.split())


def _spelled(source: Source, path: Path, form: str) -> list[Path]:
    """The spellings of a term that are meant by `form`."""
    listed = _spellings(source, path)
    for reading in (str.strip, _read_alike):
        if found := [at for at, text in listed if reading(text) == reading(form)]:
            return found
    hint = nearest(form, [text for _, text in listed])
    raise EditError(source.line(path), f"the term has no spelling '{form}'{hint}")


def _refuse_twins(source: Source, path: Path, forms: Sequence[str]) -> None:
    known: dict[str, tuple[int, str]] = {}
    for at, form in _spellings(source, path):
        known.setdefault(_read_alike(form), (source.line(at), form))
    for form in forms:
        alike = _read_alike(form)
        if alike in known:
            line, twin = known[alike]
            where = "is there already as" if line else "is the same as"
            raise EditError(line, f"'{form}' {where} '{twin}': Rasid reads both alike; leave it out")
        known[alike] = 0, form


def _refuse_shared(source: Source, path: Path) -> None:
    """No list may be changed that an alias repeats elsewhere, nor one that is an alias."""
    place = source.places
    for step in path:
        if step not in place.children:
            return
        place = place.children[step]
        line = source.line_at(place.start)
        if place.kind == "alias":
            message = f"*{place.anchor} stands here for a list written elsewhere; edit it by hand"
            raise EditError(line, message)
        if place.anchor and (lines := source.repeated(place.anchor, place.end)):
            raise EditError(line, f"&{place.anchor} is repeated at {lines}; edit it by hand")


def _refuse_lost_anchors(source: Source, start: int, end: int) -> None:
    for place in source.places.walk():
        if place.anchor and place.kind != "alias" and start <= place.start < end:
            lines = source.repeated(place.anchor, end)
            if lines:
                message = f"&{place.anchor} is defined here and repeated at {lines}; write it out there first"
                raise EditError(source.line_at(place.start), message)


# ── the splice ────────────────────────────────────────────────────────────────────────────────────


def spliced(source: Source, splices: Sequence[Splice], expected: object) -> str:
    """The text after the splices; refused unless it reads as what was expected and nothing else changed."""
    text = source.text
    for start, end, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[end:]
    document, problems = read_document(text, "")
    if document is None or problems or document.root.value != expected:
        raise EditError(source.line_at(min(splices)[0]) if splices else 0, BY_HAND)
    return text


def with_change(value: object, path: Path, change: Callable[..., object]) -> object:
    """A value with `change` made at a path."""
    if not path:
        return change(value)
    step, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {**value, step: with_change(value[step], rest, change)}
    items = enumerate(cast("tuple[object, ...]", value))
    return tuple(with_change(item, rest, change) if at == step else item for at, item in items)
