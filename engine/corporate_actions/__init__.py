"""Corporate actions: the events, price factors, contract adjustment."""
