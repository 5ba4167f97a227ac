CREATE STATISTICS performance_metrics_hours_of_the_day
    ON (EXTRACT(hour FROM period_start AT TIME ZONE 'UTC')) FROM performance_metrics;
DROP STATISTICS performance_metrics_hours_of_the_week;
