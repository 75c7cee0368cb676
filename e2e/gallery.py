"""`./dev gallery [FOLDER]`: screenshots of `./dev shots`, put together as docs/gallery.md."""

from __future__ import annotations

import base64
import html
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from e2e.harness import MissingError, browsers

DOCS = Path(__file__).parents[1] / "docs"
INTO = DOCS / "images" / "gallery"
BEGIN = """# Gallery

What readers meet, as `./dev shots` took it and `./dev gallery` put it together; `adguard preview`
shows the same live, with your own words and theme ([theming](theming.md)).
"""
OTHER = "-in-"
ACROSS = 1600
"""CSS pixels of a plate."""
QUALITY = 0.8
STYLE = """
body { margin: 0; padding: 24px; background: #8d8982; font: 13px/1.3 system-ui, sans-serif; }
main { display: grid; gap: 20px; align-items: start; }
figure { margin: 0; }
img { display: block; inline-size: 100%; max-block-size: var(--tallest); object-fit: cover;
  object-position: top; }
figcaption { padding-block-start: 6px; color: #fff; }
"""


@dataclass(frozen=True)
class Plate:
    """Some screenshots on one sheet.

    :param folders: of `./dev shots`, such as `360-light`.
    :param patterns: of file names there, in the order of the plate.
    :param columns: pictures side by side.
    :param tallest: at which a picture is cut, as a multiple of its width.
    """

    name: str
    about: str
    folders: tuple[str, ...]
    patterns: tuple[str, ...]
    columns: int
    tallest: float

    def files(self, shots: Path) -> Iterator[Path]:
        for folder in self.folders:
            for pattern in self.patterns:
                for file in sorted((shots / folder).glob(f"{pattern}.png")):
                    # Those of other languages have a plate of their own.
                    if OTHER not in file.name or OTHER in pattern:
                        yield file


ASKS = tuple(f"state-{name}*" for name in ("ask", "support", "why", "n", "thanks", "guide"))
OURS = tuple(
    f"page-of-ours-{name}*" for name in ("instead", "help", "ways", "pass", "memory", "message")
)
RTL = ("state-ask-extension-in-*", "state-ask-extension-strip-in-*", "state-guide-ubo-in-*")
RTL_OURS = ("instead-extension", "help-ubo", "ways", "memory-extension")
PLATES = (
    *(
        Plate(
            f"notice-{size}-{scheme}",
            f"The notice at {size} px, {scheme}",
            (f"{size}-{scheme}",),
            ASKS,
            columns,
            tallest,
        )
        for size, columns, tallest in (("360", 8, 2.06), ("1440", 5, 0.63))
        for scheme in ("light", "dark")
    ),
    *(
        Plate(
            f"pages-{size}-{scheme}",
            f"Our own pages at {size} px, {scheme}",
            (f"{size}-{scheme}",),
            OURS,
            columns,
            tallest,
        )
        for size, columns, tallest in (("360", 7, 2.6), ("1440", 4, 0.8))
        for scheme in ("light", "dark")
    ),
    Plate(
        "right-to-left",
        "Right to left: Arabic in light, Hebrew in dark, 360 px",
        ("360-light", "360-dark"),
        (*RTL, *(f"page-of-ours-{name}-in-*" for name in RTL_OURS)),
        7,
        2.6,
    ),
    Plate("themes", "Ready themes, light and dark", ("360-light",), ("theme-*",), 8, 2.06),
    Plate("languages", "Languages", ("360-light",), ("language-*-note",), 9, 2.06),
    *(
        Plate(
            f"paper-{size}-{scheme}",
            f"The demo newspaper at {size} px, {scheme}",
            (f"{size}-{scheme}",),
            ("page-[!od]*", "page-d[!a]*", "journey-*", "page-dashboard*"),
            columns,
            tallest,
        )
        for size, columns, tallest in (("360", 8, 2.06), ("1440", 5, 1.0))
        for scheme in ("light", "dark")
    ),
)


def compose(page: Page, plate: Plate, shots: Path, folder: Path) -> bytes:
    """Returns the plate as a WebP picture.

    :param folder: a place for the page that holds it together.
    """
    width = (ACROSS - 48 - 20 * (plate.columns - 1)) / plate.columns
    figures = "".join(
        f'<figure><img src="{file.resolve().as_uri()}" alt="">'
        f"<figcaption>{html.escape(_caption(file))}</figcaption></figure>"
        for file in plate.files(shots)
    )
    if not figures:
        raise SystemExit(f"gallery: nothing in {shots} for {plate.name}; run ./dev shots first")
    sheet = folder / f"{plate.name}.html"
    sheet.write_text(
        f"<!doctype html><meta charset=utf-8><style>{STYLE}"
        f"main {{ grid-template-columns: repeat({plate.columns}, 1fr); "
        f"--tallest: {width * plate.tallest}px; }}</style><main>{figures}</main>"
    )
    page.goto(sheet.as_uri())
    taken = base64.b64encode(page.screenshot(full_page=True)).decode()
    packed: str = page.evaluate(
        """async ([png, quality]) => {
          const image = new Image();
          image.src = `data:image/png;base64,${png}`;
          await image.decode();
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
          canvas.getContext("2d").drawImage(image, 0, 0);
          return canvas.toDataURL("image/webp", quality).split(",")[1];
        }""",
        [taken, QUALITY],
    )
    return base64.b64decode(packed)


def _caption(file: Path) -> str:
    words = file.stem.replace("page-of-ours-", "").removeprefix("state-").removeprefix("theme-")
    return words.removeprefix("language-").removeprefix("page-").replace("-", " ")


def main() -> None:
    shots = Path(sys.argv[1] if len(sys.argv) > 1 else ".cache/shots")
    INTO.mkdir(parents=True, exist_ok=True)
    total, text = 0, BEGIN
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        try:
            browser = browsers.launch(playwright, "chromium")
        except MissingError as missing:
            sys.exit(str(missing))
        page = browser.new_page(viewport={"width": ACROSS, "height": 900})
        for plate in PLATES:
            picture = compose(page, plate, shots, Path(folder))
            (INTO / f"{plate.name}.webp").write_bytes(picture)
            total += len(picture)
            text += f"\n![{plate.about}](images/gallery/{plate.name}.webp)\n"
        browser.close()
    (DOCS / "gallery.md").write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(PLATES)} plates, {total / 1e6:.1f} MB, in {INTO}\n")


if __name__ == "__main__":
    main()
