-- What the closed trades of some bots amount to by weekday and hour of the day, in one pass
-- over their hours.
WITH hours AS (
    SELECT b.account_currency AS currency, m.period_start AT TIME ZONE 'UTC' AS at,
        m.total_trades, m.winning_trades, m.losing_trades, m.gross_profit, m.gross_loss,
        m.volume
    FROM performance_metrics m JOIN bot_instances b ON b.id = m.bot_instance_id
    WHERE m.bot_instance_id = ANY (%(bots)s) AND m.metric_type = 'hourly'
        AND m.period_start >= %(start)s::date::timestamp AT TIME ZONE 'UTC'
        AND m.period_start < %(end)s::date::timestamp AT TIME ZONE 'UTC'
), placed AS (
    SELECT *, extract(isodow FROM at)::integer AS weekday,
        extract(hour FROM at)::integer AS hour
    FROM hours
)
SELECT CASE WHEN grouping(weekday) = 0 THEN 'weekday' ELSE 'hour' END,
    currency, coalesce(weekday, hour),
    sum(total_trades), sum(winning_trades), sum(losing_trades),
    sum(gross_profit), sum(gross_loss), sum(volume)
FROM placed
GROUP BY currency, GROUPING SETS ((weekday), (hour))
