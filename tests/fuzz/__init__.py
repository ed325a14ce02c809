"""Damaged inputs, thousands of them: `python -m tests.fuzz` makes mutants of simulated inputs and runs the commands on each.

`inputs` writes a small study in every format, `operators` damage bytes, `kinds` says which file, which damage and which command,
`children` runs a command in a child process with a time limit, `campaign` counts what came out. Mutants are made from a seed at
run time; none is stored.
"""
