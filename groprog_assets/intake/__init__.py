"""What comes into a study after its start: delivered files, withdrawals, decisions about models. Also the comparison of a study's
files with each other before a run.

Belongs here: judging an input whole, accepting it or setting it aside. Not here: reading one file (`methods`), the study file's
own rules (`study`).
"""
