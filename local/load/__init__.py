"""A shop in full operation on the local stack: its parties, steady traffic, and an audit of everything at the end.

`make chaos` breaks things beside it, `make roll` deploys other builds beside it.
"""
