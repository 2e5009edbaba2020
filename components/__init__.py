"""The pipeline's steps: one lightweight KFP component a file, each a thin shell over the trainer."""
