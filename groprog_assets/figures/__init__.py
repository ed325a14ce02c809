"""One function a figure: tables in, a matplotlib figure out."""
