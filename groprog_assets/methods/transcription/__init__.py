"""Transcription units: the hidden Markov model over windows, its units, their repair and their agreement with genes."""
