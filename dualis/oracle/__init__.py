"""Assets, price sources, aggregation, the circuit breaker, history."""
