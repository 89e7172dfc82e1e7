"""Machine edits of watchlists: the smallest diff, everything else byte for byte, refusals with their line."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rasid.config import parse_watchlist
from rasid.config.document import read_document
from rasid.config.editing import (
    add_forms,
    add_term,
    quoted,
    remove_forms,
    remove_term,
    rename_in_subscriptions,
    rename_references,
    rename_term,
)
from rasid.errors import EditError

CHIPS = (Path(__file__).parents[2] / "config" / "watchlists" / "chips.yaml").read_text(encoding="utf-8")

LIST = """\
# قائمة
name: رقائق
terms:
  # إنفيديا أولا
  - id: nvidia
    label: إنفيديا
    forms:
      # الأشيع
      - إنفيديا # كما تُكتب
      - 'نفيديا'
      # كلمتان
      - form: إن فيديا
        near: [شركة, معالج]
      - Nvidia
    notes: |
      سطر

        # ليس تعليقا

  # رمز
  - id: h20
    label: H20
    codes: [H20, "إتش 20", # منطوق
      إتش عشرين, H-عشرين]
    near: &cues [رقائق]
  - {id: kunlun, label: كونلون, forms: [كونلون], near: *cues}
"""


def diff(before: str, after: str) -> list[str]:
    """The lines that an operator would see, without the context."""
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def value(text: str) -> object:
    """What a text reads as; it must read."""
    document, problems = read_document(text, "")
    assert document is not None
    assert [] == problems
    return document.root.value


# ── adding ────────────────────────────────────────────────────────────────────────────────────────


def test_a_form_is_one_line_of_a_block_list() -> None:
    """The line comes after the last item, indented as it is; nothing else moves."""
    assert ["+      - إينفيديا\n"] == diff(LIST, add_forms(LIST, "nvidia", ["إينفيديا"]))


def test_a_form_with_cues_is_one_line_too() -> None:
    """near, within and unless stand in the braces of the one line."""
    added = add_forms(LIST, "nvidia", ["NVDA"], near=["سهم", "a: b"], within=3, unless=["قارئ"])
    assert ["+      - {form: NVDA, near: [سهم, 'a: b'], within: 3, unless: [قارئ]}\n"] == diff(LIST, added)


def test_in_a_flow_list_only_its_last_line_changes() -> None:
    """A list in brackets over several lines with comments keeps every other line."""
    assert [
        "-      إتش عشرين, H-عشرين]\n",
        "+      إتش عشرين, H-عشرين, '20']\n",
    ] == diff(LIST, add_forms(LIST, "h20", ["20"], "codes"))


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ("[]", "[x]"),
        ("[ ]", "[x ]"),
        ("[a,]", "[a, x,]"),
        ("[a, # تعليق\n      ]", "[a, x, # تعليق\n      ]"),
        ("[a # تعليق\n      ]", "[a, x # تعليق\n      ]"),
        ("&n [a]", "&n [a, x]"),
        ("&n []", "&n [x]"),
        ("[{form: a, near: [b]}]", "[{form: a, near: [b]}, x]"),
        ('["]", "a"]', '["]", "a", x]'),
    ],
)
def test_flow_lists_of_every_shape_take_an_item(forms: str, expected: str) -> None:
    """Empty, with a last comma, with comments, named, with braces and brackets inside texts."""
    text = f"name: x\nterms:\n  - id: t\n    label: t\n    forms: {forms}\n    codes: [c1]\n"
    assert text.replace(forms, expected) == add_forms(text, "t", ["x"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("      - a\n", "      - a\n      - x\n"),
        ("    - a\n", "    - a\n    - x\n"),
        ("      -   a # تعليق\n", "      -   a # تعليق\n      - x\n"),
        (
            "      - form: a\n        near:\n          - b\n",
            "      - form: a\n        near:\n          - b\n      - x\n",
        ),
        ("      - a\n\n      # آخر\n", "      - a\n      - x\n\n      # آخر\n"),
        ("      - |\n        a\n\n", "      - |\n        a\n      - x\n\n"),
        ("      - a", "      - a\n      - x"),
    ],
)
def test_block_lists_of_every_shape_take_an_item(before: str, after: str) -> None:
    """Indented or not, with comments, nested items, blank lines behind, a block text, no final newline."""
    head = "name: x\nterms:\n  - id: t\n    label: t\n    forms:\n"
    assert head + after == add_forms(head + before, "t", ["x"])


def test_a_new_list_goes_where_the_documentation_has_it() -> None:
    """Codes come after the forms, with the file's own indentation; in braces they stay in the braces."""
    assert ["+    codes:\n", "+      - NVDA\n"] == diff(
        LIST, added := add_forms(LIST, "nvidia", ["NVDA"], "codes")
    )
    assert added.index("- Nvidia") < added.index("codes:") < added.index("notes:")
    assert "forms: [كونلون], codes: [K1, K2], near" in add_forms(LIST, "kunlun", ["K1", "K2"], "codes")
    flat = "name: x\nterms:\n- id: t\n  label: t\n  codes:\n  - c1\n"
    assert flat.replace("  codes", "  forms:\n  - x\n  codes") == add_forms(flat, "t", ["x"])


def test_line_ends_of_windows_stay() -> None:
    """Every line of a CRLF file ends in CRLF afterwards, and the diff is the same one line."""
    text = LIST.replace("\n", "\r\n")
    for edited in (
        add_forms(text, "nvidia", ["NVDA"], "codes"),
        add_term(text, "amd", "AMD", importance=3),
        remove_forms(text, "nvidia", ["نفيديا"]),
        remove_term(text, "nvidia"),
    ):
        assert edited.count("\n") == edited.count("\r\n")
    assert LIST.replace("\n", "\r\n") == remove_forms(add_forms(text, "nvidia", ["NVDA"]), "nvidia", ["NVDA"])


def test_a_form_that_folds_to_another_is_refused_with_its_line() -> None:
    """أنفيديا reads as إنفيديا, in whatever list of the term it stands; two new twins are refused as well."""
    with pytest.raises(EditError, match="'إنفيديا'") as caught:
        add_forms(LIST, "nvidia", ["جديد", "أنفيديا"], "codes")
    assert 9 == caught.value.line
    for twins in (["NVDA", "ＮＶＤＡ"], ["NVDA", "NVDA"]):
        with pytest.raises(EditError, match="is the same as 'NVDA'"):
            add_forms(LIST, "nvidia", twins)


def test_a_shared_list_is_not_edited() -> None:
    """A list that an alias repeats, or that is an alias, would change another term: the lines are named."""
    text = "name: x\nterms:\n- {id: a, label: a, forms: &f [a1]}\n- {id: b, label: b, forms: *f}\n"
    with pytest.raises(EditError, match="&f is repeated at line 4") as caught:
        add_forms(text, "a", ["x"])
    assert 3 == caught.value.line
    with pytest.raises(EditError, match=r"\*f stands here") as caught:
        add_forms(text, "b", ["x"])
    assert 4 == caught.value.line
    with pytest.raises(EditError, match="&f is repeated at line 4"):
        remove_forms(text.replace("[a1]", "[a1, a2]"), "a", ["a1"])


def test_an_unknown_term_and_a_broken_file_are_refused() -> None:
    """The nearest id is offered; a file with problems is mended first."""
    with pytest.raises(EditError, match="did you mean 'nvidia'"):
        add_forms(LIST, "nvida", ["x"])
    with pytest.raises(EditError, match="mend this first") as caught:
        add_forms(LIST + "name: مرتان\n", "nvidia", ["x"])
    assert 27 == caught.value.line
    with pytest.raises(EditError, match="expected a list"):
        add_forms("name: x\nterms:\n- {id: t, label: t, forms: مفرد}\n", "t", ["x"])


@given(st.text())
@example("#هواوي")
@example("NVDA: x")
@example("no")
@example("123")
@example("- a")
@example("'")
@example('"')
@example("")
@example("---")
@example("~")
@example("a, b")
@example("*x")
@example("x\ny: 1")
@example("\\U00000041")
@example("\u2028\x85")
def test_any_text_reads_back_as_itself(text: str) -> None:
    """Whatever a form or a cue is, it is quoted so that it is read as the same text, or refused."""
    try:
        quoted(text)
    except EditError:
        assert any(ord(c) < 32 or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text)
        return
    before = "name: x\nterms:\n  - id: t\n    label: t\n    forms:\n      - a1 # أ\n    codes: [c1] # ب\n"
    block = value(add_forms(before, "t", [text + "b"]))
    flow = value(add_forms(before, "t", ["form"], "codes", near=[text], unless=[text]))
    assert ("a1", text + "b") == block["terms"][0]["forms"]
    assert ("c1", {"form": "form", "near": (text,), "unless": (text,)}) == flow["terms"][0]["codes"]


def test_what_needs_no_quotes_gets_none() -> None:
    """Operators write plain names; only what would read as something else is quoted."""
    assert ["هواوي", "إن فيديا", "no", "H-20", "C&A"] == [
        quoted(text) for text in ("هواوي", "إن فيديا", "no", "H-20", "C&A")
    ]
    assert ["'#هواوي'", "'20'", "'it''s: x'"] == [quoted(text) for text in ("#هواوي", "20", "it's: x")]


# ── whole terms ───────────────────────────────────────────────────────────────────────────────────


def test_a_new_term_is_laid_out_as_the_others() -> None:
    """At the end, with the file's indentation, a blank line before it where the others have one."""
    added = add_term(LIST, "amd", "إيه إم دي", label_en="AMD", importance=3)
    added = add_forms(add_forms(added, "amd", ["AMD"]), "amd", ["MI308"], "codes")
    assert (
        LIST + "\n  - id: amd\n    label: إيه إم دي\n    label_en: AMD\n    importance: 3\n"
        "    forms:\n      - AMD\n    codes:\n      - MI308\n"
    ) == added
    assert "amd" == parse_watchlist(added, "x.yaml").terms[-1].id


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "terms:\n-   id: a\n    label: a\n    forms:\n    - a1\n",
            "-   id: b\n    label: b\n    forms:\n    - b1\n",
        ),
        ("terms:\n  - {id: a, label: a, forms: [a1]}\n", "  - id: b\n    label: b\n    forms:\n      - b1\n"),
    ],
)
def test_a_new_term_follows_the_files_own_indentation(before: str, after: str) -> None:
    """Wide dashes stay wide, lists that are not indented are not; no blank line where there is none."""
    assert before + after == add_forms(add_term(before, "b", "b"), "b", ["b1"])


def test_a_new_term_in_brackets_stays_in_them() -> None:
    """A list of terms on one line takes the term on that line."""
    text = "name: x\nterms: [{id: a, label: a, forms: [a1]}]\n"
    expected = text.replace("}]", "}, {id: b, label: b, importance: 1, forms: [b1]}]")
    assert expected == add_forms(add_term(text, "b", "b", importance=1), "b", ["b1"])


def test_a_taken_id_is_refused() -> None:
    """The line of the term that has it is told."""
    with pytest.raises(EditError, match="is there already") as caught:
        add_term(LIST, "h20", "x")
    assert 21 == caught.value.line


def test_a_removed_term_takes_its_comment_and_no_other() -> None:
    """The blank line and the neighbour's comment stay; of two blank lines one is left."""
    gone = remove_term(LIST, "nvidia")
    assert LIST[: LIST.index("  # إنفيديا أولا")] + LIST[LIST.index("  # رمز") :] == gone
    text = "terms:\n  - id: a\n    label: a\n    # codes: [old]\n\n  - id: b\n\n  - id: c\n"
    assert "terms:\n  - id: b\n\n  - id: c\n" == remove_term(text, "a")
    assert text.replace("  - id: b\n\n", "") == remove_term(text, "b")
    assert text.replace("\n  - id: c\n", "") == remove_term(text, "c")


def test_a_term_whose_anchor_others_use_stays() -> None:
    """Removing the definition would break the alias: both lines are named, and the last term stays too."""
    with pytest.raises(EditError, match="&cues is defined here and repeated at line 26") as caught:
        remove_term(LIST, "h20")
    assert 25 == caught.value.line
    with pytest.raises(EditError, match="only term"):
        remove_term("terms:\n- {id: a, forms: [b]}\n", "a")
    assert LIST.replace(LIST[LIST.index("  - {id: kun") :], "") == remove_term(LIST, "kunlun")


# ── removing spellings ────────────────────────────────────────────────────────────────────────────


def test_a_removed_form_is_one_line_less() -> None:
    """With the comment at the end of its line; the comment that heads those after it stays."""
    assert ["-      - إنفيديا # كما تُكتب\n"] == diff(LIST, remove_forms(LIST, "nvidia", ["إنفيديا"]))


def test_a_form_takes_the_comment_that_is_its_own() -> None:
    """A comment above a form with cues is about it; one above several forms goes with the last of them."""
    assert [
        "-      # كلمتان\n",
        "-      - form: إن فيديا\n",
        "-        near: [شركة, معالج]\n",
    ] == diff(LIST, remove_forms(LIST, "nvidia", ["إن فيديا"]))
    both = remove_forms(LIST, "nvidia", ["إنفيديا", "نفيديا"])
    assert "الأشيع" not in both
    assert "# كلمتان" in both


def test_a_form_is_found_as_it_is_read() -> None:
    """What is typed another way is found by folding, but what is written exactly so comes first."""
    assert remove_forms(LIST, "nvidia", ["نفيديا"]) == remove_forms(LIST, "nvidia", ["نفيديـا"])
    text = "terms:\n- {id: a, forms: [إن, أن, x1]}\n"
    assert text.replace(", أن", "") == remove_forms(text, "a", ["أن"])


@pytest.mark.parametrize(
    ("codes", "gone", "expected"),
    [
        ("[a1, b1, c1]", "a1", "[b1, c1]"),
        ("[a1, b1, c1]", "b1", "[a1, c1]"),
        ("[a1, b1, c1]", "c1", "[a1, b1]"),
        ("[a1, b1,]", "b1", "[a1,]"),
        ("[a1, b1,\n      c1]", "b1", "[a1,\n      c1]"),
        ("[a1, b1,\n      c1]", "c1", "[a1, b1]"),
        ("[a1, # أ\n      b1, # ب\n      c1]", "b1", "[a1, # أ\n      c1]"),
        ("[a1, # أ\n      b1, c1]", "b1", "[a1, # أ\n      c1]"),
        ("[a1, # أ\n      b1\n      ]", "b1", "[a1, # أ\n      ]"),
        ("[a1, # أ\n      b1]", "b1", "[a1, # أ\n      ]"),
        ("[a1, # أ\n      b1]", "a1", "[# أ\n      b1]"),
        ("[{form: a1, near: [x, y]}, b1]", "a1", "[b1]"),
    ],
)
def test_flow_lists_of_every_shape_lose_an_item(codes: str, gone: str, expected: str) -> None:
    """First, middle and last, over several lines, with comments: what stays stands as it stood."""
    text = f"terms:\n  - id: t\n    label: t\n    codes: {codes}\n    notes: n\n"
    assert text.replace(codes, expected) == remove_forms(text, "t", [gone])


def test_an_empty_list_goes_with_its_key() -> None:
    """In lines with the comment above the key, in braces with one comma."""
    text = "terms:\n  - id: t\n    # رموز\n    codes:\n      - c1\n    forms: [f1]\n"
    text += "  - {id: u, codes: [c2], forms: [f2]}\n"
    assert "terms:\n  - id: t\n    forms: [f1]\n" == remove_forms(text, "t", ["c1"]).partition("  - {")[0]
    assert remove_forms(text, "u", ["f2"]).endswith("{id: u, codes: [c2]}\n")
    assert remove_forms(text, "u", ["c2"]).endswith("{id: u, forms: [f2]}\n")
    first = "terms:\n  - codes: [c1]\n    id: t\n    forms: [f1]\n"
    assert "terms:\n  - id: t\n    forms: [f1]\n" == remove_forms(first, "t", ["c1"])


def test_a_term_keeps_a_spelling() -> None:
    """The last form or code stays; a term with a query may lose it."""
    text = "terms:\n  - id: t\n    forms: [f1]\n    lookalikes: [{form: l1, near: [x]}]\n"
    with pytest.raises(EditError, match="without a spelling"):
        remove_forms(text, "t", ["f1"])
    asked = text + "    query: {term: u}\n"
    assert "forms" not in remove_forms(asked, "t", ["f1"])
    with pytest.raises(EditError, match="no spelling 'zz'"):
        remove_forms(text, "t", ["zz"])


def test_a_form_whose_anchor_others_use_stays() -> None:
    """A spelling that names the cues of others stays, with the lines of those; together with them it may go."""
    text = (
        "terms:\n  - id: t\n    forms:\n      - f1\n      - form: f2\n        near: &cues [x,\n          y]\n"
        "      - {form: f3, near: *cues}\n      - {form: f4, near: *cues}\n"
    )
    with pytest.raises(EditError, match="&cues is defined here and repeated at lines 8, 9") as caught:
        remove_forms(text, "t", ["f2"])
    assert 6 == caught.value.line
    assert text[: text.index("      - form: f2")] == remove_forms(text, "t", ["f2", "f3", "f4"])
    assert text.replace("      - {form: f3, near: *cues}\n", "") == remove_forms(text, "t", ["f3"])


# ── renaming ──────────────────────────────────────────────────────────────────────────────────────

QUERIES = """\
terms:
  - id: &n nvidia # معرّف
    label: nvidia
    forms: [nvidia]
  - id: deals
    label: صفقات
    query:
      all:
        - term: "nvidia"
        - near: {of: [{term: h20}, {term: *n}, nvidia], within: 5}
        - none: [{words: nvidia}]
"""


def test_a_rename_changes_ids_and_references_alone() -> None:
    """Forms, labels and words of the same text stay; aliases follow their anchor; numbers are quoted."""
    renamed = rename_term(QUERIES, "nvidia", "nv")
    assert QUERIES.replace("&n nvidia", "&n nv").replace('term: "nvidia"', "term: nv") == renamed
    assert "id: '20'\n" in rename_term(LIST, "h20", "20")
    assert QUERIES.replace("term: h20", "term: h21") == rename_references(QUERIES, "h20", "h21")
    assert QUERIES == rename_references(QUERIES, "deals", "x")


def test_a_rename_to_a_taken_id_is_refused() -> None:
    """The line of its owner is told; an unknown id is refused as well."""
    with pytest.raises(EditError, match="'deals' is there already") as caught:
        rename_term(QUERIES, "nvidia", "deals")
    assert 5 == caught.value.line
    with pytest.raises(EditError, match="no term 'x'"):
        rename_term(QUERIES, "x", "y")


def test_subscriptions_change_in_their_terms_only() -> None:
    """Watchlists and names that are written the same stay."""
    text = (
        "subscriptions:\n  - id: h20\n    name: h20\n    watchlists: [h20]\n    terms: [nvidia, h20] # اثنان\n"
        "  - id: b\n    terms:\n      - 'h20'\n"
    )
    expected = text.replace("nvidia, h20]", "nvidia, h21]").replace("'h20'", "h21")
    assert expected == rename_in_subscriptions(text, "h20", "h21")
    assert text == rename_in_subscriptions(text, "amd", "h21")


@settings(max_examples=12)  # each reads the whole list some twenty times
@given(st.data())
def test_adding_then_removing_leaves_the_projects_list_as_it_was(data: st.DataObject) -> None:
    """On the real watchlist, for any term and kind: the edit and its reverse cancel out, byte for byte."""
    term = data.draw(st.sampled_from(["nvidia", "h20", "huawei", "kunlun"]))
    kind = data.draw(st.sampled_from(["forms", "codes", "lookalikes"]))
    unless = data.draw(st.lists(st.sampled_from(["ماء", "a: b", "]"]), unique=True))
    added = add_forms(CHIPS, term, ["زغربط", "# قثردم"], kind, near=["سهم"], unless=unless)
    assert CHIPS == remove_forms(added, term, ["# قثردم", "زغربط"])
