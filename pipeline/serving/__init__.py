"""What serves: predictions, versions, endpoints, and the traffic moved by hand."""
