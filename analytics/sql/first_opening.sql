-- No trade of these hours opened before: marks tell of those that changed, the rows of
-- their weeks of those that were there. A statement of its own, as the planner leaves out
-- partitions by a value; and later than the one that locked the bots, which may have
-- looked before another worker was done with them.
SELECT min(least(week.opened_from, m.first_opened_at))
FROM (
    SELECT bot_instance_id, date_trunc('week', hour_start, 'UTC') AS period_start,
        min(opened_from) AS opened_from
    FROM unnest(%(bots)s::uuid[], %(hours)s::timestamptz[], %(opened_from)s::timestamptz[])
        AS hours (bot_instance_id, hour_start, opened_from)
    GROUP BY 1, 2
) week
LEFT JOIN LATERAL (
    SELECT m.first_opened_at FROM performance_metrics m
    WHERE m.bot_instance_id = week.bot_instance_id
    AND m.metric_type = 'weekly'
    AND m.period_start = week.period_start
    LIMIT 1
) m ON true
