"""Suggesting from an archive and from texts: chosen, counted, shown in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rasid.app.suggest import names_of, suggest_from_archive, suggest_from_texts
from rasid.types import Form, Term

if TYPE_CHECKING:
    from rasid.suggest import Suggestion
    from rasid.types import CollectReport, DigestReport
    from tests.app.app_press import Press

TEXTS = [
    "افتتحت إنفيديا (Nvidia) مكتبا في مسقط. وحضر الوزير.",
    "قالت مصادر إن الوزارة ستشتري معالجات من نفيديا، ولم تذكر الثمن.",
    "تنافس وإنفيديا شركات كثيرة.\nولإنفيديا حصة السوق الكبرى.",
    "توقفت شركة إن فيديا عن بيع البطاقة القديمة.",
    "تدير تي إس إم سي (TSMC) مصنعا جديدا.",
    "زار حاتم الهواوي المعرض.",
    "باعت هواوي مليون هاتف، وأعلنت هاواوي أرباحها.",
    "تأخرت شحنات إتش20 شهرا.",
    "يمول قانون Chips Act المصانع.",
    "التقى كيم جونغ أون وفدا من العلماء.",
    "أطلقت ديب سيك نموذجا لغويا، وقالت ديبسيك إنه مجاني.",
]


def by_text(suggestions: list[Suggestion]) -> dict[str, Suggestion]:
    """Find a suggestion by how it is written."""
    return {one.text: one for one in suggestions}


def test_spellings_are_shown_as_written_with_their_sentence() -> None:
    """The hamza is there again, two words are one spelling; of two clitic forms an article counts once."""
    shown = by_text(suggest_from_texts(TEXTS, ["Nvidia"]))
    assert ["Nvidia", "إنفيديا", "نفيديا", "إن فيديا"] == list(shown)
    assert "افتتحت إنفيديا (Nvidia) مكتبا في مسقط." == shown["إنفيديا"].example
    assert "توقفت شركة إن فيديا عن بيع البطاقة القديمة." == shown["إن فيديا"].example
    assert {"Nvidia": 1, "إنفيديا": 2, "نفيديا": 1, "إن فيديا": 1} == {
        text: one.articles for text, one in shown.items()
    }
    assert [True, False, False, False] == [one.known for one in shown.values()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TSMC", {"TSMC", "تي إس إم سي"}),
        ("H20", {"إتش20"}),
        ("DeepSeek", {"ديب سيك", "ديبسيك"}),
        ("Huawei", {"هواوي", "هاواوي"}),
        ("Kim Jong Un", {"كيم جونغ أون"}),
        ("Chips Act", {"Chips Act"}),
        ("Samsung", set()),
    ],
)
def test_names_of_all_kinds(name: str, expected: set[str]) -> None:
    """Letters read out, codes, names in two words, names of vowels; a name that is not there gives nothing."""
    assert expected == set(by_text(suggest_from_texts(TEXTS, [name])))


def test_a_long_sentence_is_cut_around_the_spelling() -> None:
    """An example has the spelling in it and whole words at its ends."""
    words = [f"كلمة{number}" for number in "ابتثجحخد"] * 20
    text = " ".join((*words, "هواوي", *words))
    example = by_text(suggest_from_texts([text], ["Huawei"]))["هواوي"].example
    assert "هواوي" in example
    assert 230 > len(example)
    assert set(example.split()) <= set(text.split())


def test_a_terms_forms_are_what_is_known() -> None:
    """Of a term its forms and codes are looked for, its lookalikes are not; what is no term is the name itself."""
    forms = (Form("H20", kind="code"), Form("إتش 20"), Form("H2O", kind="lookalike"))
    terms = {"h20": Term("h20", "H20", "H20", forms)}
    assert ("H20", "إتش 20") == names_of(terms, "h20")
    assert ("Huawei",) == names_of(terms, "Huawei")


@pytest.mark.xdist_group("press")
def test_the_archive_answers_as_texts_do(collected: tuple[Press, CollectReport, DigestReport]) -> None:
    """The same articles, from the database or as texts, give the same spellings, counts and reasons."""
    press, _, _ = collected
    with press.opened() as rasid:
        names = names_of(rasid.config.terms, "huawei")
        from_archive = suggest_from_archive(rasid, "huawei")
        stored = rasid.store.archived(rasid.store.articles_with([[]], limit=1000))
    from_texts = suggest_from_texts([f"{article.title}\n{article.text}" for article in stored], names)
    assert "هواوي" in by_text(from_archive)
    assert [(one.folded, one.articles, one.known, one.why) for one in from_texts] == [
        (one.folded, one.articles, one.known, one.why) for one in from_archive
    ]
    assert all(one.example for one in from_archive)
