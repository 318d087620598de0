"""American options on one underlying with a continuous dividend yield: the accurate method and the classical
approximations to it."""
