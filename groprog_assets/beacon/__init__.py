"""The server of a study's subjects: a Beacon v2 subset, and pages that a clinician reads.

Belongs here: who asks and what they may, the log of questions, budgets kept over them, requests and envelopes of the Beacon
protocol, the portal's pages. Not here: how a count is told (`methods.omics.disclosure`), questions in SQL (`omics_catalog`),
which hosts and origins are answered (`web`).
"""
