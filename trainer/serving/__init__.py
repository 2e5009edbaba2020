"""Serving: the folder that a version is served from, and the answers to prediction requests.

Read artifact, app (the HTTP side), predictor, instances (what a request may hold).
"""
