"""Money, days, vehicles, quotes and bookings: frozen values without input, output or clock."""
