-- What a month is composed of: its whole weeks, and the days before and behind them. A bot
-- that trades every day has 21 days in a month, and four weeks.
SELECT * FROM performance_metrics m
WHERE m.bot_instance_id = d.bot_instance_id
AND m.metric_type = 'daily'
AND m.period_start >= d.period_start
AND m.period_start < date_trunc('week', d.period_start + interval '6 days', 'UTC')
UNION ALL
SELECT * FROM performance_metrics m
WHERE m.bot_instance_id = d.bot_instance_id
AND m.metric_type = 'weekly'
AND m.period_start >= d.period_start
AND m.period_start <= d.period_end - interval '7 days'
UNION ALL
SELECT * FROM performance_metrics m
WHERE m.bot_instance_id = d.bot_instance_id
AND m.metric_type = 'daily'
AND m.period_start >= date_trunc('week', d.period_end, 'UTC')
AND m.period_start < d.period_end
