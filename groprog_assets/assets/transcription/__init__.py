"""Assets of the transcription units: the fitted model, the units, their density and repair."""
