"""Asset checks: a bad scientific result fails one of these; it does not raise."""
