-- What a day or week is composed of.
SELECT * FROM performance_metrics m
WHERE m.bot_instance_id = d.bot_instance_id
AND m.metric_type = %(finer_type)s
AND m.period_start >= d.period_start
AND m.period_start < d.period_end
