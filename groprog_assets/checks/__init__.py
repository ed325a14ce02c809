"""The checks: each turns what a method already found into a verdict a person can act on. No arithmetic on values beyond a
comparison with a stated bound. The schema check is made for every asset with declared tables, in `asset_definition`."""
