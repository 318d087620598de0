"""docs/real-data.md: what every file of the real data gives, written from the files themselves."""
