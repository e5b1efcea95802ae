"""Tests of `make deploy` and of the rules in the template, which the Rust tests do not reach. `make test` runs them."""
