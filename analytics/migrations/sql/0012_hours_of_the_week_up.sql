-- Hours are added up to those of a week now (analytics/sql/trades_by_time.sql). Without this
-- the planner expects as many of them as there are hours, and sorts all of these instead of
-- adding them up in 168 places.
CREATE STATISTICS performance_metrics_hours_of_the_week
    ON (((EXTRACT(epoch FROM period_start AT TIME ZONE 'UTC')::bigint / 3600 + 72)
        % 168)::integer) FROM performance_metrics;
DROP STATISTICS performance_metrics_hours_of_the_day;
