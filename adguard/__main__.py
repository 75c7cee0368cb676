"""`python -m adguard`."""

from adguard.cli import main

main(prog_name="adguard")
