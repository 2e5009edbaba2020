"""The containers of deployed models: processes of this machine that keep Vertex AI's contract of the AIP_* variables.

Read command (from a containerSpec to a command), process (one life of it, under a keeper and on one of ports), server
(all its lives), client (what asks it).
"""
