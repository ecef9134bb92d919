"""One event to very many open pages: the site beside nginx with nchan, read by the same client in the same run."""
