-- The periods in which the dirty hours lie, whatever the session's time zone.
SELECT
    bot_instance_id,
    period_start AT TIME ZONE 'UTC' AS period_start,
    (period_start + %(length)s::interval) AT TIME ZONE 'UTC' AS period_end,
    min(opened_from) AS opened_from
FROM (
    SELECT
        bot_instance_id,
        date_trunc(%(unit)s, hour_start AT TIME ZONE 'UTC') AS period_start,
        opened_from
    FROM unnest(%(bots)s::uuid[], %(hours)s::timestamptz[], %(opened_from)s::timestamptz[])
        AS hours (bot_instance_id, hour_start, opened_from)
) periods
GROUP BY bot_instance_id, periods.period_start
