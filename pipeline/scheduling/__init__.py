"""Schedules: what is there, what is wanted, and the difference."""
