"""Looking into runs: their logs, why they ended as they did, what two of them differ in."""
