"""A process that has libraries loaded before a command needs them, and forks where a fresh Python would load them.

A keeper (keeper.py) asks it for its command. Read request (what is asked, and whether a fork does as well as a fresh
process), program (what of a command a fork can run), libraries (what is loaded, and what commands have needed), child
(from a fork to a fresh process's surroundings), __main__ (the process), starting (how the emulator starts it).
"""
