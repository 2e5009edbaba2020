"""Runs: what is submitted, how it is followed and read back."""
