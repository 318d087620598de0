"""Row rules, profiles and the Great Expectations suite."""
