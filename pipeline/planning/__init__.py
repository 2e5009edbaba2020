"""What a submission would do, foretold without doing it."""
