"""What is said of evaluations and runs, in the same words on the terminal, in the Studio and in reports."""
