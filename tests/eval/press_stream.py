"""A labelled stream of articles as the press publishes them: what is a copy of what, what is news, what is one event.

Theory of operation. Base articles are our own: the demo's press and `stream/*.yaml`. Seeded edits make of them what
outlets make of each other's articles, and every edit knows its label:

- copies (`duplicate_of`): the same article again, however respelled, reworded, cut, dressed up or put in another order;
- updates and corrections (`follows`): linked to the older article, and news all the same;
- all else is news: another day's table, another president's telegram, another issue of a column, an article that
  quotes or shares a footer, an independent report of the same event.

The stream is in the order of arrival. `published` follows it, except where an original is slower than its copy.
It was written without regard to what the code gets right, and a case that the code fails stays.

Draws come from BLAKE2 over a key and a counter, not from `random`, whose choices Python may change; the same seed gives
the same stream on every machine, and the floors are pinned to its hash.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ruamel.yaml import YAML

from demo.press import KINDS, load
from rasid.types import SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")

HERE = Path(__file__).parent
DEMO = HERE.parents[1] / "demo"
START = datetime(2026, 1, 4, tzinfo=UTC)
DEMO_HOURS = 240  # the demo's oldest article is 239 hours old when the demo starts
SEED = 1

COPIES_OF_A_KIND = 25
LATE, LATE_FULL, TEASER_FIRST, CORRECTED, RETOLD_TABLES, RETOLD_TELEGRAMS = 14, 8, 14, 14, 12, 6
DAYS = 6  # editions of a table

FRESH = frozenset({"base", "report", "background"})
"""Kinds that others copy, correct and retell."""
EDITIONS = frozenset({"table", "telegram", "specs", "advert"})
"""Kinds in which one text serves again with other figures or names: `revised` is as good an answer as `new`."""


@dataclass(frozen=True, slots=True)
class Case:
    """One article of the stream, and what is true of it."""

    id: str
    title: str
    text: str  # paragraphs separated by "\n"
    published: datetime
    outlet: str
    kind: str
    event: str
    topic: str = ""  # what related events have in common; "" where none is near
    duplicate_of: str | None = None  # a copy: the article that was here first
    follows: str | None = None  # an update or a correction: the article that it must be linked to
    headline: str = ""  # another headline that an editor may give the same text
    arrives: datetime = START  # the order of the stream

    @property
    def row(self) -> dict[str, object]:
        """The article as `rasid dedupe` takes it."""
        row = {"id": self.id, "title": self.title, "text": self.text, "source": self.outlet}
        return {**row, "published": self.published.isoformat()}

    @property
    def paragraphs(self) -> list[str]:
        """The text's paragraphs."""
        return self.text.split("\n")

    @property
    def is_news(self) -> bool:
        """Whether a digest must show it."""
        return self.duplicate_of is None


class Dice:
    """Draws that depend on nothing but the key."""

    def __init__(self, *key: object) -> None:
        self._key, self._drawn = "/".join(map(str, key)), 0

    def share(self) -> float:
        """A number from 0 to 1, 1 excluded."""
        self._drawn += 1
        drawn = hashlib.blake2b(f"{self._key}/{self._drawn}".encode(), digest_size=6).digest()
        return int.from_bytes(drawn, "big") / 2**48

    def between(self, low: float, high: float) -> float:
        """A number of this range."""
        return low + (high - low) * self.share()

    def pick(self, things: Sequence[T]) -> T:
        """One of them."""
        return things[int(self.share() * len(things))]

    def shuffled(self, things: Iterable[T]) -> list[T]:
        """All of them, in another order."""
        return [thing for _, thing in sorted(((self.share(), thing) for thing in things), key=lambda x: x[0])]


def stream(seed: int = SEED) -> list[Case]:
    """The whole stream in the order of arrival."""
    demo, own, live = _demo(), _own(), list(_live())
    fresh = [case for case in (*demo, *own) if case.kind in FRESH]
    updates, tables, named = list(_updates(fresh)), list(_tables(seed)), list(_names())
    # What has several versions is copied whole only: of which one an excerpt is taken would be an open question.
    versions = {case.follows for case in updates} | {case.duplicate_of for case in demo}
    pool = Dice(seed, "pool").shuffled(case for case in fresh if case.id not in versions)
    figured = [case for case in pool if _FIGURE.search(case.text)][:CORRECTED]
    pool = [case for case in pool if case not in figured]
    late, late_full, teased, rest = _parts(pool, LATE, LATE_FULL, TEASER_FIRST)
    corrections = [_correction(seed, case) for case in figured]
    changed = [
        *_late(seed, late),
        *_late_full(seed, late_full),
        *_teased(seed, teased),
        *updates,
        *corrections,
    ]
    news = (*demo, *own, *live, *tables, *named, *_columns(), *_shorts(), *changed)
    made = {case.id: case for case in news}  # of two by one id the later: a late original is one of `own`
    whole = [made[case.id] for case in (*late_full, *teased)] + [x for x in updates if x.kind != "flash"]
    telegrams = [case for case in named if case.kind == "telegram"]
    editions = Dice(seed, "tables").shuffled(tables)[:RETOLD_TABLES]
    editions += Dice(seed, "telegrams").shuffled(telegrams)[:RETOLD_TELEGRAMS]
    copies = [
        *_copies(seed, [made[case.id] for case in (*late, *rest)]),
        *_retold(seed, whole, "update"),
        *_retold(seed, [*figured, *corrections], "correction"),
        *_retold(seed, editions, "edition"),
    ]
    return sorted((*made.values(), *copies), key=lambda case: (case.arrives, case.id))


def _parts(cases: Sequence[Case], *sizes: int) -> list[Sequence[Case]]:
    """Consecutive parts of these sizes, and the rest."""
    edges = [0, *accumulate(sizes), len(cases)]
    return [cases[start:end] for start, end in pairwise(edges)]


def sha256(cases: Sequence[Case]) -> str:
    """The hash that pins the floors: every article with its labels, in order."""
    told = [asdict(case) | {"published": case.published.isoformat(), "arrives": ""} for case in cases]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


# ── the base articles ─────────────────────────────────────────────────────────────────────────────


@cache
def _file(name: str) -> Any:
    return YAML(typ="safe").load(HERE / "stream" / f"{name}.yaml")


def _at(hour: float) -> datetime:
    return START + timedelta(minutes=round(hour * 60))


def _moved(case: Case, hours: float) -> Case:
    time = case.arrives + timedelta(minutes=round(hours * 60))
    return replace(case, published=time, arrives=time)


def _case(item: dict[str, Any], kind: str, text: str, **more: str) -> Case:
    time = _at(item["hour"])
    event, topic = more.get("event", item.get("event", "")), more.get("topic", item.get("topic", ""))
    title, headline = more.get("title", item["title"]), item.get("other", "")
    lines = "\n".join(line.strip() for line in text.splitlines() if line.strip())
    return Case(
        item["id"], title, lines, time, item["outlet"], kind, event, topic, None, None, headline, time
    )


def _own() -> list[Case]:
    export, hosts = _file("export"), _file("hosts")
    cases = [_case(item, "base", item["text"]) for item in _file("news")]
    cases += [_case(item, "report", item["text"]) for item in _file("reports")]
    for item in export["articles"]:
        text = f"{item['text']}\n{export['background']}"
        cases.append(_case(item, "background", text, topic="export-rules"))
    known = {case.id: case for case in cases}
    for item in hosts["articles"]:
        quotes = item["quotes"]
        quoted = known[quotes["id"]].paragraphs[quotes["paragraph"] :][: quotes.get("count", 1)]
        first, line, *others = item["text"].splitlines()
        cases.append(_case(item, "quote", "\n".join((first, line, *quoted, *others))))
    return cases


def _demo() -> list[Case]:
    """The demo's press, labelled by what it expects of itself."""
    expected, hosts = YAML(typ="safe").load(DEMO / "expected.yaml"), _file("hosts")
    topics = {event: topic for topic, events in hosts["demo_topics"].items() for event in events}
    press = load(DEMO / "articles", _at(DEMO_HOURS))
    cases = {}
    for article in press.articles:
        label, time = expected[article.id], article.published
        kind = _demo_kind(label["relation"], label.get("trap", ""))
        event = article.id if kind == "table" else label["story"]
        cases[article.id] = Case(
            id=article.id,
            title=article.title,
            text=article.text,
            published=time,
            arrives=time,
            outlet=KINDS[article.outlet].name,
            kind=kind,
            event=event,
            topic="daily-table" if kind == "table" else topics.get(event, ""),
            duplicate_of=label.get("original") if kind == "demo_copy" else None,
            follows=label.get("original") if kind == "update" else None,
        )
    for item in hosts["demo_hosts"]:
        host, quoted = cases[item["host"]], cases[item["id"]].paragraphs[item["paragraph"]]
        first, *others = host.paragraphs
        cases[host.id] = replace(host, kind="quote", text="\n".join((first, item["line"], quoted, *others)))
    return list(cases.values())


def _demo_kind(relation: str, trap: str) -> str:
    if trap == "daily-table":
        return "table"
    if relation in SUPPRESSED:
        return "demo_copy"
    if relation == "extends":
        return "update"
    return "report" if trap in {"same-event", "other-words"} else "base"


# ── one text for many editions ────────────────────────────────────────────────────────────────────

_WEEKDAYS = ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد")


def _tables(seed: int) -> Iterator[Case]:
    """The same words every day, and other figures."""
    for item in _file("templates")["tables"]:
        dice = Dice(seed, item["id"])
        values = {slot: first for slot, (first, _, _) in item["slots"].items()}
        for day in range(DAYS):
            time = _at(item["hour"] + 24 * day)
            told = {slot: f"{values[slot]:.{digits}f}" for slot, (_, _, digits) in item["slots"].items()}
            told["day"] = f"{_WEEKDAYS[time.weekday()]} {time.day} يناير"
            title, text = item["title"].format(**told), item["text"].format(**told)
            case = _case(item, "table", text, title=title, event=f"{item['id']}-{day}", topic=item["id"])
            yield replace(case, id=f"{item['id']}-{day}", published=time, arrives=time)
            for slot, (first, move, _) in item["slots"].items():
                values[slot] = first + dice.pick((-1, 1)) * dice.between(0.3 * move, move)


def _names() -> Iterator[Case]:
    """The same words for other people and things: telegrams, product sheets, adverts."""
    kinds = {"phone-specs": "specs", "job-advert": "advert"}
    for item in _file("templates")["names"]:
        for number, values in enumerate(item["values"]):
            name = f"{item['id']}-{number}"
            title, text = item["title"].format(**values), item["text"].format(**values)
            kind = kinds.get(item["id"], "telegram")
            case = _case(item, kind, text, title=title, event=name, topic=item["id"])
            yield _moved(replace(case, id=name), item["every"] * number)


def _columns() -> Iterator[Case]:
    for item in _file("columns"):
        for number, parts in enumerate(item["issues"]):
            name = f"{item['id']}-{number}"
            told = [line for pair in zip(item["headings"], parts, strict=True) for line in pair]
            case = _case(item, "column", "\n".join((item["intro"], *told)), event=name, topic=item["id"])
            yield _moved(replace(case, id=name), item["every"] * number)


def _shorts() -> Iterator[Case]:
    """Short notices under a footer longer than themselves."""
    shared = _file("shared")
    outlets, shorts = list(shared["footers"]), shared["shorts"]
    each = len(shorts) // len(outlets)
    for number, item in enumerate(shorts):
        outlet = outlets[number // each]
        told = {
            "id": f"short-{number}",
            "outlet": outlet,
            "hour": 2 + 8 * number % 200,
            "title": item["title"],
        }
        text = f"{item['text']}\n{shared['footers'][outlet]}"
        yield _case(told, "footer", text, event=told["id"], topic=f"footer-{outlet}")


# ── edits: what an outlet does to another's article ───────────────────────────────────────────────

_WORD = re.compile(r"(\W*)(\w+)(\W*)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_ARABIC_DIGITS = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")
_JOINS_NOTHING = frozenset("اأإآدذرزوؤةىء")
_MARKS = "\u064e\u064f\u0650\u0651\u0652"


def _has_digit(word: str) -> bool:
    return any(char.isdigit() for char in word)


@cache
def _synonyms() -> dict[str, str]:
    pairs = _file("words")["synonyms"]
    both = [*pairs, *(pair[::-1] for pair in pairs)]
    return {word: other for word, other in reversed(both) if " " not in word}


def _reworded(dice: Dice, case: Case, share: float, above: float = 1) -> Case:
    """Change this share of the words: synonyms first, then words put in, left out or exchanged; never a figure.

    Only the paragraphs in the upper part of the text (`above`, 0 … 1) are touched.
    """
    lines = [line.split() for line in case.paragraphs]
    kept = set(case.title.split())
    reach = lines[: max(1, round(above * len(lines)))]
    places = [(i, j) for i, line in enumerate(reach) for j, word in enumerate(line) if not _has_digit(word)]
    free = dice.shuffled((i, j) for i, j in places if lines[i][j] not in kept)
    left = round(share * sum(map(len, lines)))
    chosen = [(i, j) for i, j in free if _synonym(lines[i][j])][: round(0.7 * left)]
    for i, j in dict.fromkeys((*chosen, *free)):
        if left > 0:
            left -= _change(dice, lines[i], j)
    return replace(case, text="\n".join(" ".join(filter(None, line)) for line in lines))


def _change(dice: Dice, line: list[str], at: int) -> int:
    """Change the word at this place; return how many words are other than they were."""
    word, other = line[at], _synonym(line[at])
    move = "replace" if other else dice.pick(("add", "drop", "exchange"))
    if move == "replace":
        line[at] = other
        return len(other.split())
    if move == "add" and word.isalpha():
        filler = dice.pick(_file("words")["fillers"])
        line[at] = f"{word} {filler}"
        return len(filler.split())
    if move == "exchange" and word.isalpha() and at + 1 < len(line) and line[at + 1].isalpha():
        line[at : at + 2] = line[at + 1], word
        return 2
    line[at] = ""
    return 1


def _synonym(word: str) -> str:
    found = _WORD.fullmatch(word)
    other = _synonyms().get(found[2], "") if found else ""
    return f"{found[1]}{other}{found[3]}" if found and other else ""


def _respelled(dice: Dice, case: Case) -> Case:
    """One house's way of writing, from end to end."""
    rules: list[Callable[[str], str]] = [
        lambda text: text.translate(str.maketrans("أإآ", "ااا")),
        lambda text: re.sub(r"ي\b", "ى", text),
        lambda text: re.sub(r"ة\b", "ه", text),
        lambda text: _NUMBER.sub(lambda m: m[0].translate(_ARABIC_DIGITS), text),
        lambda text: text.replace("«", '"').replace("»", '"'),
        lambda text: re.sub(r"[^\W\d_]{4,}", lambda m: _marked(dice, m[0]), text),
        lambda text: re.sub(r"[^\W\d_]{4,}", lambda m: _stretched(dice, m[0]), text),
    ]
    title, text = case.title, case.text
    for rule in dice.shuffled(rules)[: 3 + int(dice.share() * 3)]:
        title, text = rule(title), rule(text)
    return replace(case, title=title, text=text)


def _marked(dice: Dice, word: str) -> str:
    at = 1 + int(dice.share() * (len(word) - 1))
    return word[:at] + dice.pick(_MARKS) + word[at:] if dice.share() < 0.15 else word


def _stretched(dice: Dice, word: str) -> str:
    at = 1 + int(dice.share() * (len(word) - 1))
    if dice.share() > 0.1 or word[at - 1] in _JOINS_NOTHING or not word[at - 1].isalpha():
        return word
    return word[:at] + "ـ" * (1 + int(dice.share() * 2)) + word[at:]


def _other_headline(_: Dice, case: Case) -> Case:
    """The editor's own, else the lead's first clause."""
    lead = re.split(r"[،.؛:]", case.paragraphs[0])[0].split()
    return replace(case, title=case.headline or " ".join(lead[:11]))


def _dateline(dice: Dice, case: Case) -> Case:
    shared = _file("shared")
    place, credit = dice.pick(shared["datelines"]), dice.pick(shared["credits"])
    return replace(case, text=f"{place} {case.text}" + (f"\n{credit}" if dice.share() < 0.7 else ""))


def _reordered(dice: Dice, case: Case) -> Case:
    lead, *others = case.paragraphs
    moved = [lead, *dice.shuffled(others)] if dice.share() < 0.5 else dice.shuffled(case.paragraphs)
    return replace(case, text="\n".join(moved))


def _cut(case: Case, words: int, end: str) -> Case:
    lines: list[str] = []
    for line in case.paragraphs:
        left = words - sum(len(kept.split()) for kept in lines)
        if left > 0:
            lines.append(" ".join(line.split()[:left]))
    return replace(case, text="\n".join(lines).rstrip("،. ") + end)


def _truncated(dice: Dice, case: Case) -> Case:
    words = round(len(case.text.split()) * dice.between(0.3, 0.6))
    return _cut(case, words, dice.pick(("…", "...", "", " [...]", "... المزيد")))


def _teaser(dice: Dice, case: Case) -> Case:
    return _cut(case, 40, dice.pick(("…", "...", "")))


def _condensed(dice: Dice, case: Case) -> Case:
    """The lead and what the space allowed: a paragraph or two are gone from the middle or the end."""
    lead, *others = case.paragraphs
    gone = dice.shuffled(range(len(others)))[: 1 + int(dice.share() * 2)]
    return replace(case, text="\n".join((lead, *(line for i, line in enumerate(others) if i not in gone))))


def _footed(dice: Dice, case: Case) -> Case:
    shared = _file("shared")
    above = f"{dice.pick(shared['disclaimers'])}\n" if dice.share() < 0.5 else ""
    return replace(case, text=f"{above}{case.text}\n{dice.pick(shared['closings']).strip()}")


def _shared(dice: Dice, case: Case) -> Case:
    lines = [part for line in case.paragraphs for part in (line, dice.pick(_file("shared")["shares"]))]
    return replace(case, text="\n".join(lines))


def _prefixed(dice: Dice, case: Case) -> Case:
    title = f"{dice.pick(_file('shared')['prefixes'])} {case.title}"
    return replace(case, title=title, text=f"{title}\n{case.text}")


EDITS: dict[str, Callable[[Dice, Case], Case]] = {
    "exact": lambda _, case: case,
    "other_headline": _other_headline,
    "spelling": _respelled,
    "small_edits": lambda dice, case: _reworded(dice, case, 0.08),
    "rewritten": lambda dice, case: _reworded(dice, case, dice.between(0.2, 0.25)),
    "rewritten_above": lambda dice, case: _reworded(dice, case, dice.between(0.2, 0.25), above=0.5),
    "dateline": _dateline,
    "paragraph_order": _reordered,
    "truncated": _truncated,
    "condensed": _condensed,
    "teaser": lambda dice, case: _teaser(dice, _other_headline(dice, case) if dice.share() < 0.5 else case),
    "first_paragraph": lambda _, case: replace(case, text=f"{case.title}\n{case.paragraphs[0]}"),
    "footer_added": _footed,
    "doubled": lambda _, case: replace(case, text=f"{case.text}\n{case.text}"),
    "share_lines": _shared,
    "prefix_headline": _prefixed,
}
# In the order in which an editor's hand comes to them.
_COMBINED = ("other_headline", "paragraph_order", "truncated", "small_edits", "spelling", "dateline")
_COMBINED += ("share_lines", "footer_added", "prefix_headline")


def _combination(dice: Dice, case: Case) -> Case:
    for name in sorted(dice.shuffled(_COMBINED)[: 2 + int(dice.share() * 2)], key=_COMBINED.index):
        case = EDITS[name](dice, case)
    return case


# ── copies ────────────────────────────────────────────────────────────────────────────────────────

_OUTLETS = ("بوابة سنام", "المرفأ", "منارة نيوز", "فجر التقنية", "ديوان الأعمال", "صحيفة المرسى", "مدار")
_OUTLETS += ("الصدى الرقمي", "ميدان الأخبار", "رافد الاقتصادي", "نبأ التقنية", "شبكة المستقبل")


def _delay(dice: Dice) -> float:
    """Hours until another outlet has it: most within six, some the next day, a few four days later."""
    share = dice.share()
    if share < 0.6:
        return dice.between(0.2, 6)
    return dice.between(6, 36) if share < 0.9 else dice.between(36, 96)


def _copied(dice: Dice, case: Case, kind: str, edit: Callable[[Dice, Case], Case]) -> Case:
    outlet = dice.pick([name for name in _OUTLETS if name != case.outlet])
    copy = edit(dice, replace(case, outlet=outlet, kind=kind, duplicate_of=case.id, follows=None))
    return replace(_moved(copy, _delay(dice)), id=f"{case.id}~{kind}")


def _copies(seed: int, pool: Sequence[Case]) -> Iterator[Case]:
    """Every kind of edit in turn, over the pool again and again; no article twice by one kind."""
    kinds = {**EDITS, "combination": _combination}
    at = 0
    for kind, edit in kinds.items():
        for _ in range(COPIES_OF_A_KIND):
            case = pool[at % len(pool)]
            at += 1
            yield _copied(Dice(seed, kind, case.id), case, kind, edit)


def _retold(seed: int, cases: Sequence[Case], name: str) -> Iterator[Case]:
    """Whole copies of what has older or other versions: each must find its own."""
    edits = [EDITS[edit] for edit in ("exact", "dateline", "other_headline", "footer_added")]
    for number, case in enumerate(cases):
        yield _copied(Dice(seed, name, case.id), case, f"copy_of_{name}", edits[number % len(edits)])


def _late(seed: int, pool: Sequence[Case]) -> Iterator[Case]:
    """The copy is here before its original, which is older by its date."""
    for number, case in enumerate(pool):
        dice = Dice(seed, "late", case.id)
        edit = ("exact", "small_edits", "dateline", "other_headline", "share_lines")[number % 5]
        early = _copied(dice, case, "early_copy", EDITS[edit])
        early = replace(early, arrives=case.published, published=case.published, duplicate_of=None)
        early = _moved(early, dice.between(0.3, 2))
        arrives = early.arrives + timedelta(minutes=round(dice.between(20, 600)))
        yield early
        yield replace(case, arrives=arrives, kind="late_original", duplicate_of=early.id)


def _late_full(seed: int, pool: Sequence[Case]) -> Iterator[Case]:
    """The shortened copy is here before the full original."""
    for case in pool:
        dice = Dice(seed, "late full", case.id)
        words = round(len(case.text.split()) * dice.between(0.35, 0.55))
        half = _cut(replace(case, outlet=dice.pick(_OUTLETS), kind="early_excerpt"), words, "…")
        early = replace(_moved(half, dice.between(0.3, 2)), id=f"{case.id}~early")
        arrives = early.arrives + timedelta(minutes=round(dice.between(20, 600)))
        yield early
        yield replace(case, arrives=arrives, kind="late_full", follows=early.id)


# ── updates and corrections ───────────────────────────────────────────────────────────────────────


def _teased(seed: int, pool: Sequence[Case]) -> Iterator[Case]:
    """The outlet's feed first, its page later."""
    for case in pool:
        dice = Dice(seed, "teased", case.id)
        teaser = replace(_teaser(dice, case), id=f"{case.id}~feed", kind="teaser_first")
        arrives = case.arrives + timedelta(minutes=round(dice.between(10, 200)))
        yield teaser
        yield replace(case, arrives=arrives, kind="teaser_full", follows=teaser.id)


def _updates(fresh: Sequence[Case]) -> Iterator[Case]:
    """A new paragraph in the old text; a flash that becomes a report."""
    known, told = {case.id: case for case in fresh}, _file("updates")
    for item in told["added"]:
        old = known[item["id"]]
        lines, at = old.paragraphs, {"above": 0, "middle": 2, "below": 9}[item["where"]]
        text = "\n".join((*lines[:at], item["text"], *lines[at:]))
        new = replace(old, id=f"{old.id}+", title=item["title"], text=text, headline="")
        yield _moved(replace(new, kind=f"update_{item['where']}", follows=old.id), item["after"])
    for name, paragraphs in told["grown"].items():
        flash = known[name]
        yield replace(flash, kind="flash", text="\n".join(flash.paragraphs[:paragraphs]))
        yield _moved(replace(flash, id=f"{name}+", kind="grown", follows=name), 2.5 + paragraphs)


def _live() -> Iterator[Case]:
    """Live pages: each version holds the ones before it."""
    for item in _file("updates")["live"]:
        names = [f"{item['id']}-{number}" for number, _ in enumerate(item["versions"])]
        for number, (name, size) in enumerate(zip(names, item["versions"], strict=True)):
            entries = item["entries"][:size]
            text = "\n".join(entries[::-1] if item["newest"] == "above" else entries)
            follows = names[number - 1] if number else None
            case = _case(item, "live" if number else "live_first", text, event=item["id"])
            yield _moved(replace(case, id=name, follows=follows), 2 * number)


_FIGURE = re.compile(r"(?<![A-Za-z\d.,])\d{2,}(?![\d.,]*\d|[A-Za-z])")


def _correction(seed: int, case: Case) -> Case:
    """The outlet publishes its article again with a figure put right, and says so or does not."""
    dice = Dice(seed, "correction", case.id)
    wrong = dice.pick(list(dict.fromkeys(_FIGURE.findall(case.text))))
    right = str(round(int(wrong) * dice.between(1.2, 1.9)) + 1)
    put = re.compile(rf"(?<![A-Za-z\d.,]){wrong}(?![\d.,]*\d|[A-Za-z])")
    title, text = put.sub(right, case.title), put.sub(right, case.text)
    if dice.share() < 0.5:
        title, text = f"تصحيح: {title}", f"(إعادة مع تصحيح رقم ورد خطأ في نسخة سابقة)\n{text}"
    new = replace(case, id=f"{case.id}~corrected", title=title, text=text, headline="")
    return _moved(replace(new, kind="correction", follows=case.id), dice.between(1, 20))
