"""What models add to instructions: completions, candidates, feedback, preference pairs."""
