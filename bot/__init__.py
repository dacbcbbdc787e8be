"""What happens to a message: events, the steps of an answer, memory, the model client. Knows no chat platform."""
