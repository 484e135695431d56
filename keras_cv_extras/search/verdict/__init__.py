"""The verdict: which policy is chosen, how sure that is, and the report that says so."""
