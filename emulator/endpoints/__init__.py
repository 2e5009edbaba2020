"""EndpointService and PredictionService: endpoints, what is deployed there, the split of traffic, predictions.

Read service (their methods), methods (endpoints), deployments with its rules and traffic; then what goes on behind a
deployment: fleet, which starts and stops model servers, and prediction, which asks them.
"""
