"""What decided, in words, in Arabic and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rasid.types import Reason

if TYPE_CHECKING:
    from rasid.matching.judging import Decision
    from rasid.matching.pages import Hit
    from rasid.types import Form

_KINDS: Final = {
    "form": ("الصيغة", "the form"),
    "code": ("الرمز", "the code"),
    "lookalike": ("الشبيه", "the lookalike"),
}


def reason(hit: Hit, decision: Decision) -> Reason:
    """Say what made a mention of a hit, or refused it."""
    parts = [_named(decision.rule.form)]
    if hit.pattern.slip:
        parts.append((" بهفوة كتابة", ", mistyped"))
    if hit.edge.glued:
        parts.append((f" مع التصاق «{hit.edge.glued}»", f" stuck to “{hit.edge.glued}”"))
    elif hit.edge.clitic:
        parts.append((f" بعد السابقة «{hit.edge.clitic}»", f" after the clitic “{hit.edge.clitic}”"))
    parts.append(_verdict(hit, decision))
    return Reason(ar="".join(ar for ar, _ in parts), en="".join(en for _, en in parts))


def part_of(form: Form, word: str) -> Reason:
    """Say that a spelling is a part of another word."""
    arabic, english = _named(form)
    return Reason(f"{arabic} جزء من «{word}»، لا اسم قائم بنفسه", f"{english} is only a part of “{word}”")


def masked(form: Form) -> Reason:
    """Say that a spelling stands in an address or a file name."""
    arabic, english = _named(form)
    return Reason(
        f"{arabic} في رابط أو عنوان بريد أو اسم ملف",
        f"{english} is inside an address, an e-mail or a file name",
    )


def resembles(form: Form, word: str, letters: int) -> Reason:
    """Say that a word is near to a spelling, and not on the list."""
    arabic, english = _named(form)
    count_ar, count_en = ("حرف واحد", "one letter") if letters == 1 else ("حرفان", f"{letters} letters")
    return Reason(
        f"«{word}» تشبه {arabic}، والفرق {count_ar}؛ أضفها إلى القائمة إن كانت هي الاسم",
        f"“{word}” is {count_en} away from {english}; add it to the list if it is the name",
    )


def _named(form: Form) -> tuple[str, str]:
    arabic, english = _KINDS[form.kind]
    return f"{arabic} «{form.text}»", f"{english} “{form.text}”"


def _verdict(hit: Hit, decision: Decision) -> tuple[str, str]:
    if decision.outcome == "rejected":
        return _refusal(decision)
    if decision.cue:
        return f"، والقرينة «{decision.cue}»", f", confirmed by “{decision.cue}”"
    if decision.rule.near:
        return "، من دون قرينة", ", with no cue to confirm it"
    if not hit.edge.sure:
        return "، وقد تكون جزءا من كلمة أخرى", ", possibly a part of another word"
    return "", ""


def _refusal(decision: Decision) -> tuple[str, str]:
    near = decision.rule.form.near
    if decision.cause == "unless":
        return f"، وردّتها «{decision.cue}» بجوارها", f", refused by “{decision.cue}” beside it"
    if decision.cause == "product":
        return f"، وهي ذيل اسم منتج «{decision.cue}»", f", the end of the product name “{decision.cue}”"
    if near is not None and near.within:
        return (
            f"، من دون قرينة (على بعد {near.within} من الكلمات على الأكثر)",
            f", with none of its cues within {near.within} words",
        )
    return "، من دون قرينة", ", with no cue to confirm it"
