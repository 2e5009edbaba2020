"""Training: rows in an order that a seed decides, many steps in one compiled function, checkpoints to go on from.

Read train, tables (what it reads), step_plan (how many steps, and when it stops to look), loop; then input_pipeline,
encoded_rows and chunks (rows on their way to the steps), learning_state (the steps), checkpoints, event_log. For
several replicas: replicas (which there are), rendezvous (where they meet), reducer and flat_sums (what they add up).
"""
