"""Digests as files: whole, under a stable name, never outside their folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.file import write
from alerts.render import render
from rasid.errors import TransportError
from tests.alerts import samples

if TYPE_CHECKING:
    from pathlib import Path

RENDERED = render(samples.rich(), now=samples.NOW)


def test_both_files_hold_the_digest(tmp_path: Path) -> None:
    """HTML and text, in a folder that is made, readable by others, nothing left beside them."""
    path = write(tmp_path / "out", "analysts-1", RENDERED)

    assert path == tmp_path / "out" / "analysts-1.html"
    assert path.read_bytes().decode() == RENDERED.html
    assert path.with_suffix(".txt").read_bytes().decode() == RENDERED.text
    assert sorted(one.name for one in path.parent.iterdir()) == ["analysts-1.html", "analysts-1.txt"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_repeat_overwrites_itself(tmp_path: Path) -> None:
    """Two deliveries of one digest leave one pair of files."""
    write(tmp_path, "analysts-1", RENDERED)
    write(tmp_path, "analysts-1", RENDERED)

    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["../evil", "/evil", "", ".hidden", "a/b", "a\nb", "نشرة"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is written."""
    with pytest.raises(TransportError) as caught:
        write(tmp_path / "out", name, RENDERED)

    assert caught.value.permanent
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_a_temporary_failure(tmp_path: Path) -> None:
    """An operator can mend it, and the digest is tried again; no half file stays."""
    (tmp_path / "out").write_text("a file")

    with pytest.raises(TransportError) as caught:
        write(tmp_path / "out", "analysts-1", RENDERED)

    assert not caught.value.permanent
