"""Surprises about real libraries, tools and formats, each a script that shows it again without this project.

A script installs pinned public packages into a temporary folder, runs them on valid input that it makes itself, prints the
version, the behaviour and the output seen, and exits 0 while the behaviour is as its second line says. `python -m findings`
lists them with their last result.
"""
