"""Executes a compiled pipeline on this machine, and writes the run's state to a folder as it goes."""
