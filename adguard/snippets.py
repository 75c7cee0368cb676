"""Finds the files of `snippets/`: in the wheel, in the source distribution, and in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
PLACES = (_PACKAGE / "_snippets", _PACKAGE.parent / "snippets")
"""The wheel carries the folder inside the package; everywhere else it stands beside it."""


class SnippetError(LookupError):
    """A snippet file is not there; the message says what is, or where it was looked for."""


def folder() -> Path:
    """Returns the folder that holds `page/`, `mount/` and `webhooks/`.

    :raises SnippetError: when the installation lacks it.
    """
    for place in PLACES:
        if (place / "page").is_dir():
            return place
    looked = " nor ".join(str(place) for place in PLACES)
    raise SnippetError(f"The snippets folder is neither {looked}; install the package again.")


def names(kind: str) -> tuple[str, ...]:
    """Returns the file names in one folder of `snippets/`, such as `mount`, sorted."""
    return tuple(
        sorted(
            file.name
            for file in (folder() / kind).glob("*")
            if file.is_file() and not file.name.startswith((".", "_"))
        )
    )


def read(name: str) -> str:
    """Returns a file's text.

    :param name: such as `page/client.js`.
    :raises SnippetError: when there is no such file, or it would lie outside the folder.
    """
    kind, _, file = name.partition("/")
    if not kind.isalnum() or file not in names(kind):
        raise SnippetError(f"There is no snippet {name!r}; {kind}/ has {', '.join(names(kind))}.")
    return (folder() / kind / file).read_text("utf-8")
