"""Prints the definitions of all figures: `python -m adguard.insight > docs/metrics.md`."""

import sys

from adguard.insight.metrics import document

sys.stdout.write(document())
