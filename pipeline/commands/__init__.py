"""The commands of the command line, a group a file: parse, one call, print."""
