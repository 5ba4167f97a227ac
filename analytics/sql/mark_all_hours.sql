-- Every hour in which a trade closed, and every period that has a row by now.
INSERT INTO rollup_dirty (bot_instance_id, hour_start)
SELECT DISTINCT bot_instance_id, date_trunc('hour', closed_at, 'UTC')
FROM trades WHERE status = 'closed'
UNION
SELECT bot_instance_id, period_start FROM performance_metrics
