"""The loader finds `snippets/` wherever the package stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from adguard import snippets
from adguard.snippets import SnippetError


def test_the_checkout_has_the_page_snippets() -> None:
    assert {"client.js", "note.js", "note.css"} <= set(snippets.names("page"))
    assert "__CONFIG__" in snippets.read("page/client.js")


def test_the_folder_inside_the_package_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, beside = tmp_path / "_snippets", tmp_path / "snippets"
    (beside / "page").mkdir(parents=True)
    monkeypatch.setattr(snippets, "PLACES", (inside, beside))
    assert snippets.folder() == beside
    (inside / "page").mkdir(parents=True)
    assert snippets.folder() == inside


def test_an_incomplete_installation_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snippets, "PLACES", (tmp_path / "a", tmp_path / "b"))
    with pytest.raises(SnippetError, match=r"a nor .*b; install the package again"):
        snippets.folder()


@pytest.mark.parametrize(
    "name", ["page/none.js", "page", "../pyproject.toml", "page/../../pyproject.toml", ""]
)
def test_a_name_that_is_none_says_what_there_is(name: str) -> None:
    with pytest.raises(SnippetError, match="There is no snippet"):
        snippets.read(name)


def test_hidden_files_are_no_snippets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page").mkdir()
    for name in ("b.js", "a.js", ".secret", "__init__.py"):
        (tmp_path / "page" / name).touch()
    monkeypatch.setattr(snippets, "PLACES", (tmp_path,))
    assert snippets.names("page") == ("a.js", "b.js")
