"""The kinds of pages that Arabic news sites have, and all that is to come out of them.

Each layout is a pair in golden/: NAME.html, with the furniture that such sites put around and into an article, and
NAME.yaml, what a reader would say that it holds.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sources.pages import extract

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.html"))
FURNITURE = (
    "مدينة ساحلية تختبر",  # headlines of other articles
    "تراجع مبيعات",
    "مكتبة وطنية",
    "دليلك إلى",
    "الأكثر قراءة",
    "شارك الخبر",
    "عاجل",
    "نشرتنا البريدية",
    "ننتظرها منذ سنوات",  # a comment
    "يتتبع",  # a script
    "محفوظة",
    "ملفات تعريف الارتباط",
    "أرشيف",  # captions
    "خريطة الكابل",
    "صورة رقم",
)


def f1(gold: str, found: str) -> float:
    """Harmonic mean of precision and recall over words."""
    expected, actual = (Counter(re.findall(r"\w+", text)) for text in (gold, found))
    return 2 * (expected & actual).total() / (expected.total() + actual.total())


@pytest.mark.parametrize("name", NAMES)
def test_layout(name: str) -> None:
    """Headline, author, time and language exact; the words of the text, and nothing that stands around it."""
    gold = YAML(typ="safe").load((GOLDEN / f"{name}.yaml").read_text("utf-8"))
    found = extract((GOLDEN / f"{name}.html").read_bytes(), gold["url"])
    published = datetime.fromisoformat(gold["published"])
    assert (gold["title"], gold["author"], published, gold["language"]) == (
        found.title,
        found.author,
        found.published,
        found.language,
    )
    assert [] == [phrase for phrase in FURNITURE if phrase in found.text]
    assert f1(gold["text"], found.text) >= 0.97


def test_every_layout_is_there() -> None:
    """A pair that is lost would be a test that cannot fail."""
    assert len(NAMES) >= 19
    assert [] == [name for name in NAMES if not (GOLDEN / f"{name}.yaml").exists()]
