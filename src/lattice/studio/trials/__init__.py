"""The results of a run as its pages show them: the table, one trial, what people say of it."""
