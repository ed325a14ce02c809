"""Figures and single pages: one function per figure; tables in, a matplotlib figure or an HTML page out.

Belongs here: drawing, colours, axes, captions of one figure. Not here: which figures a study has, and the report around them
(`report`).
"""
