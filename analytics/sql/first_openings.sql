-- Of each period that has a row: no trade of it that was rolled up opened before.
SELECT d.bot_instance_id, d.period_start, m.first_opened_at
FROM unnest(%(bots)s::uuid[], %(starts)s::timestamptz[])
    AS d (bot_instance_id, period_start)
CROSS JOIN LATERAL (
    SELECT m.first_opened_at FROM performance_metrics m
    WHERE m.bot_instance_id = d.bot_instance_id
    AND m.metric_type = %(metric_type)s
    AND m.period_start = d.period_start
    LIMIT 1
) m
WHERE m.first_opened_at IS NOT NULL
