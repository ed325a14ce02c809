"""Nets that predict transcription from sequence: networks, their training, and the rungs of the ladder that they are."""
