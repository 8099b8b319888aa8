"""How it is answered: every read's SQL, every write's rule, and their batching."""
