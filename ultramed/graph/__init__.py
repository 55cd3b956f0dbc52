"""DVC's graph as it is: what was made from what, what is out of date, what each stage's code is."""
