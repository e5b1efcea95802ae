"""The local stack: the deployed template on one machine, without an account and without Docker.

`python3 -m local <command>`; the Makefile at the root has a target for each. Read `commands.py` first: it is the table of
contents. What the emulator does not do like AWS is in one place, `gaps.py`.
"""
