"""Model output added to instructions: completions, candidates, feedback, preference pairs."""
