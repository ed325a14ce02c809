"""The ledger of where every value came from: how it is filled, the questions it answers, its pages and exports.

Belongs here: reading and writing the ledger, explaining it. Not here: making values (`graph`), judging deliveries (`intake`).
"""
