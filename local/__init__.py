"""The local stack: the deployed template on one machine, without an account and without Docker.

`python3 -m local <command>`, with a Makefile target for each command. Read `arguments.py` (the commands and their options) and
`commands.py` (what each does) first. `gaps.py` supplies what the emulator leaves out.
"""
