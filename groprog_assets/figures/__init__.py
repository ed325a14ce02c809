"""One function a figure: tables in, a matplotlib figure or a page of one thing out.

Belongs here: drawing, colours, axes, captions of one figure. Not here: which figures a study has, and the report around them
(`report`).
"""
