"""The console: a web page of the emulator that shows runs, versions and endpoints."""
