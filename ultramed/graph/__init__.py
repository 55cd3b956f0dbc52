"""The DVC graph in its current state: what each stage depends on and has made, and what is out of date."""
