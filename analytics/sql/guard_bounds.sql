-- Before when no trade was opened that closed since a moment of each bot: roll-ups know it of
-- each hour, marks of those that they have not seen yet.
SELECT looked.bot_instance_id, least(rolled.opened_from, marked.opened_from)
FROM unnest(%(bots)s::uuid[], %(since)s::timestamptz[]) AS looked (bot_instance_id, since)
CROSS JOIN LATERAL (
    SELECT min(coalesce(m.first_opened_at, %(earliest)s)) AS opened_from
    FROM performance_metrics m
    WHERE m.bot_instance_id = looked.bot_instance_id
    AND m.metric_type = 'hourly'
    AND m.period_start > looked.since - interval '1 hour'
) rolled
CROSS JOIN LATERAL (
    SELECT min(coalesce(d.opened_from, %(earliest)s)) AS opened_from
    FROM rollup_dirty d
    WHERE d.bot_instance_id = looked.bot_instance_id
    AND d.hour_start > looked.since - interval '1 hour'
) marked
