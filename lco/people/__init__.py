"""The people in the records: what is kept of one, and how it is taken out again."""
