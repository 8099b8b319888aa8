"""Works as citations: for programs as BibTeX, RIS and CSL-JSON, for people in the styles of CSL."""
