"""What comes into a study after it began: delivered files, withdrawals, what they make due; and the reading of a
study's files against each other before anything runs.

Belongs here: judging an input whole, accepting it or setting it aside. Not here: reading one file (`methods`), the study file's
own rules (`study`).
"""
