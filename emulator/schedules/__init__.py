"""ScheduleService: pipeline jobs that are created by the clock.

Read service (its methods), methods and rules, cron, plan (what is due, a pure function), runs (what is then done),
ticker (which does it on time), clock (which tests can move).
"""
