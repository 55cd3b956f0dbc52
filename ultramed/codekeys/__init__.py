"""What the code of each stage is: a key over the definitions it can reach, so that an edit re-runs what it touches."""
