"""The OpenAPI document of both APIs, and the page that shows it."""
