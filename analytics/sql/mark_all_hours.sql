-- Every hour in which a trade closed, and every period that has a row by now. In order,
-- because marks are taken by their ids: so a day is composed once or twice, not for each of
-- its hours in another transaction.
INSERT INTO rollup_dirty (bot_instance_id, hour_start, opened_from)
-- No trade is missed where none is.
SELECT bot_instance_id, hour_start, coalesce(min(opened_at), hour_start) FROM (
    SELECT bot_instance_id, date_trunc('hour', closed_at, 'UTC') AS hour_start,
        opened_at
    FROM trades WHERE status = 'closed'
    UNION ALL
    SELECT bot_instance_id, period_start, NULL FROM performance_metrics
) marks
GROUP BY bot_instance_id, hour_start
ORDER BY bot_instance_id, hour_start
