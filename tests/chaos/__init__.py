"""The service under fire: faults drawn from a seed, on real servers, and an independent recount after."""
