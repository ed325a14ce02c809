"""From genome sequence to nascent transcription: windows, targets, splits, the ladder of models, its metrics, variants."""
