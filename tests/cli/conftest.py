"""A config folder with small watchlists, and `rasid terms` on it within this process."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from rasid.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

ROOT = Path(__file__).resolve().parents[2]

CHIPS = """\
# قائمة رصد
name: رقائق
terms:
  - id: nvidia
    label: إنفيديا
    importance: 3
    forms:
      - إنفيديا # الأشيع
      - Nvidia
    examples:
      match:
        - افتتحت إنفيديا مكتبا جديدا
      skip:
        - انتخب المكتب التنفيدي رئيسا

  - id: h20
    label: H20
    codes:
      - H20
      - {form: إتش 20, unless: [جي, بي]}
    lookalikes:
      - {form: H2O, near: [إنفيديا, معالج], within: 6}
    near: [رقائق, شريحة]
    unless: [الحافلة]
    examples:
      skip: [تنطلق الحافلة رقم H20 من الميدان]

  - id: huawei
    label: هواوي
    forms: [هواوي, هوّاي,
      Huawei, Hawei]

  - {id: kunlun, label: كونلون, forms: [كونلون]}
"""
FIRMS = """\
name: شركات
terms:
  - {id: amd, label: إيه إم دي, forms: [AMD]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's own config folder with a small list; its database would be beside it."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "watchlists" / "chips.yaml").write_text(CHIPS, encoding="utf-8")
    return tmp_path / "config"


@pytest.fixture
def chips(folder: Path) -> Path:
    """Its watchlist."""
    return folder / "watchlists" / "chips.yaml"


@pytest.fixture
def firms(folder: Path) -> Path:
    """A second watchlist in it, for the tests that ask for one."""
    path = folder / "watchlists" / "firms.yaml"
    path.write_text(FIRMS, encoding="utf-8")
    return path


class _Console(click.Command):
    """The console script in the shape that click's runner takes: errors become messages and exit codes in it."""

    def main(self, args: list[str], **_: object) -> None:
        """Run it as if a shell had given these words."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["rasid", *args])
            main()


@pytest.fixture
def terms(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`rasid terms …` on the config folder, in this process: a process of its own takes a second to start."""
    monkeypatch.chdir(folder.parent)

    def run(*words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(
            _Console("rasid"), ["--config", str(folder), "terms", *words], input=stdin, catch_exceptions=False
        )

    return run
