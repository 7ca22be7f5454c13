def problems(policy, calendars):
    return [] if policy.calendar in calendars else [("$.calendar", f"no calendar in force is called {policy.calendar}")]
def calendar_problems(calendar, known):
    return []
