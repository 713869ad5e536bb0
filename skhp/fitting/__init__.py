"""What both kinds of estimators do around one training."""
