"""Code keys: a hash over the definitions that a stage can reach, so that an edit re-runs only the stages it affects."""
