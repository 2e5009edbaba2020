"""Vertex AI's JobService for custom jobs: replicas of a training program, each a process of this machine.

Read service, methods, rules (what a job must look like) and machines, records; replicas (what each one is given),
packages (of pythonPackageSpec), processes, supervisor (a job from its start to its end); task_jobs (the jobs behind the
tasks of pipelines).
"""
