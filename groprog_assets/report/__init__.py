"""The report of a study: its page, section by section, the list of its figures, the plot of each asset.

Belongs here: text, tables and captions of the report, and the inputs of each figure. Not here: how a figure is drawn
(`figures`).
"""
