"""The report of a study: its page, section by section, the list of its figures, the plot of each asset.

Belongs here: words and blocks around values, and which figure is drawn from what. Not here: how a figure is drawn (`figures`).
"""
