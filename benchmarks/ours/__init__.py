"""This project's own contestants: each does one thing in a process of its own and prints one line of JSON."""
