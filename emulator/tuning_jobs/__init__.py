"""Vertex AI's JobService for hyperparameter tuning jobs: trials, each a custom job, with values that a search suggests.

Read service, methods, rules (what a job must look like), records; space (what is searched), search (which values come
next), measurements (what trials report), median (which trials are stopped early); trial_jobs (a trial's custom job),
study (a job from its first trial to its last), supervisor.
"""
