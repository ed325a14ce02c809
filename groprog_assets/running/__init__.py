"""Running a study: order, resumption, jobs, schedules, sensors, the daemon's heartbeat.

Belongs here: what starts a run and what happens around it. Not here: what an asset computes (`assets`, `methods`), what arrives
in the inbox (`intake`).
"""
