"""Transcription units: hidden Markov model over windows, unit calls, repair with the annotation, agreement with genes."""
