"""Public REST services over HTTP: polite, bounded, and resumable. Which service says what is the adapters' matter."""
