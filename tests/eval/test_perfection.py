"""Where nothing may go wrong: clitics on any name, characters that nobody sees, H20 among its neighbours."""

from __future__ import annotations

from itertools import product

import pytest

from rasid.config import parse_watchlist
from rasid.matching import Matcher
from tests.eval.scoring import HERE

NAMES = {
    "إنفيديا": "nvidia",
    "نفيديا": "nvidia",
    "Nvidia": "nvidia",
    "NVIDIA": "nvidia",
    "NVDA": "nvidia",
    "هواوي": "huawei",
    "Huawei": "huawei",
    "كونلون": "kunlun",
    "كونلونشين": "kunlun",
    "Kunlun": "kunlun",
    "H20": "h20",
    "إتش 20": "h20",
}
CLITICS = [
    "و",
    "ف",
    "ب",
    "ل",
    "ك",
    "وب",
    "ول",
    "وك",
    "فب",
    "فل",
    "فك",
    "أ",
    "أو",
    "أف",
    "أب",
    "أل",
    "ال",
    "وال",
    "فال",
    "بال",
    "وبال",
    "كال",
    "وكال",
    "لل",
    "ولل",
    "فلل",
    "هال",
    "عال",
    "وهال",
    "يا",
    "ويا",
    "ع",
]
SEAMS = [
    "",
    "ـ",
    "ــ",
    "-",
    "َ",
    "ِـ",
    "\u200c",
    "\u200d",
    "\u200e",
    "\u200f",
    "\u061c",
    "\u2066",
    "\u2067",
    "\u202b",
]
SEAMS += ["\ufeff", "\u00ad", "\u2060", "ـ\u200f"]
QUOTES = [("", ""), ('"', '"'), ("«", "»"), ("(", ")"), (" «", "»"), ("ـ«", "»")]
UNSEEN = (
    "\u200b\u200c\u200d\u200e\u200f\u061c\u2060\u2063\ufeff\u00ad\u2066\u2069\u202a\u202c\u034f\u180e\ufe0fـَّ"
)
NEIGHBOURS = [
    "H200",
    "GH200",
    "H2000",
    "H100",
    "H10",
    "H2",
    "H202",
    "H20E",
    "H20-3e",
    "H20G",
    "H20K",
    "H20x",
    "H20T",
    "H20V2",
    "H2020",
    "20H20",
    "1H20",
    "AH20",
    "PH20",
    "XH20",
    "EX-H20G",
    "H20.5",
    "H20,5",
    "H20%",
    "H-200",
    "إتش200",
    "H٢٠٠",
    "Ｈ２００",
    "H20.0",
    "H2O2",
]


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    """The default list."""
    path = HERE.parents[1] / "config" / "watchlists" / "chips.yaml"
    return Matcher(parse_watchlist(path.read_text(encoding="utf-8"), path.name).terms)


def outcomes(matcher: Matcher, written: str, term: str) -> list[str]:
    """What a name comes to in a sentence about chips and telephones."""
    text = f"قال محللون إن الطلب {written} على رقائق بايدو يتزايد، وكذلك هواتف سامسونج، بحسب بورصة ناسداك"
    return [one.status for one in matcher.find(text) if one.term == term]


@pytest.mark.parametrize("name", NAMES)
def test_every_clitic_on_every_name(matcher: Matcher, name: str) -> None:
    """Whatever stands at the seam: nothing, tatweel, marks, quotes, characters without width."""
    written = [f"{clitic}{seam}{name}" for clitic, seam in product(CLITICS, SEAMS)]
    written += [
        f"{clitic}{opens}{name}{closes}" for clitic, (opens, closes) in product(["", *CLITICS], QUOTES)
    ]

    assert [] == [one for one in written if ["matched"] != outcomes(matcher, one, NAMES[name])]


@pytest.mark.parametrize("name", NAMES)
def test_what_nobody_sees_changes_nothing(matcher: Matcher, name: str) -> None:
    """Between any two letters of a name, and after its last."""
    written = [f"{name[:at]}{unseen}{name[at:]}" for at, unseen in product(range(1, len(name) + 1), UNSEEN)]

    assert [] == [one for one in written if ["matched"] != outcomes(matcher, one, NAMES[name])]


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_the_neighbours_of_h20_are_others(matcher: Matcher, neighbour: str) -> None:
    """Bare, with clitics, in lists beside it: only H20 itself is found."""
    assert [] == outcomes(matcher, neighbour, "h20")
    assert [] == outcomes(matcher, f"و{neighbour}", "h20")
    assert ["matched"] == outcomes(matcher, f"على {neighbour} وH20 و{neighbour}", "h20")
