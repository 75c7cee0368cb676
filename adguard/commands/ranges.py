"""Numbers that commands are given."""

from __future__ import annotations

from math import isnan
from typing import Any

import click

__all__ = ["Between"]


class Between(click.FloatRange):
    """Like its parent, which lets NaN through: no comparison with it fails."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number
