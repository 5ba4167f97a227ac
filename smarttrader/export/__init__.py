"""All that is a user's, as files for them to take away."""
