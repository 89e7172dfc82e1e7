"""Out: digests as mail, Slack messages and files. What is said is decided in `rasid.digest`, not here."""
