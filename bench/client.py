"""`python -m bench.client`: the bytes of the in-page files as they are served."""

from __future__ import annotations

from adguard import Settings
from adguard.assets import Assets

KEY = "a key that only the benchmark knows 1234"


def main() -> None:
    assets = Assets(Settings(secret_key=KEY, store="none"))
    print(f"{'file':<28}{'brotli':>8}{'gzip':>8}{'minified':>10}")
    for path in (assets.client, assets.note, assets.style):
        asset = assets.find(path)
        assert asset is not None
        sizes = (len(asset.brotli), len(asset.gzip), len(asset.identity))
        print(f"{path:<28}{sizes[0]:>8}{sizes[1]:>8}{sizes[2]:>10}")


if __name__ == "__main__":
    main()
