"""Who talks to us and how we talk back: one module a platform; none knows another."""
