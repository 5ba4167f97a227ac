"""Expert Advisors that trade on a made-up market, over the real HTTP API."""
