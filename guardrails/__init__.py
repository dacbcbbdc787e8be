"""What must not be said, stored or obeyed. Knows neither platforms nor documents."""
