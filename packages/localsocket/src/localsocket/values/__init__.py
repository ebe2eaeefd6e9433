"""Which types can be sent besides those that msgspec knows, and what they are on the wire."""
