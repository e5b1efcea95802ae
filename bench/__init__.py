"""Measurements. Each prints ratios or counts against a reference of the same run; none is a test, and none asserts a time."""
