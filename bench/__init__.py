"""Measurements of design §9: each one command, `python -m bench NAME`, that prints a table (or `--json` lines)."""
