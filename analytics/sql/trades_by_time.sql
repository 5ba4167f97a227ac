-- What the closed trades of some bots amount to by weekday and hour of the day. Their hours
-- are added up once, to those of a week, and then the few sums of that two times.
WITH finest AS (
    SELECT b.account_currency AS currency,
        -- Hours since a Monday's midnight; 1970 began on a Thursday.
        ((extract(epoch FROM m.period_start AT TIME ZONE 'UTC')::bigint / 3600 + 72)
            %% 168)::integer AS hour,
        sum(m.total_trades) AS total_trades, sum(m.winning_trades) AS winning_trades,
        sum(m.losing_trades) AS losing_trades, sum(m.gross_profit) AS gross_profit,
        sum(m.gross_loss) AS gross_loss, sum(m.volume) AS volume
    FROM performance_metrics m JOIN bot_instances b ON b.id = m.bot_instance_id
    WHERE m.bot_instance_id = ANY (%(bots)s) AND m.metric_type = 'hourly'
        AND m.period_start >= %(start)s::date::timestamp AT TIME ZONE 'UTC'
        AND m.period_start < %(end)s::date::timestamp AT TIME ZONE 'UTC'
    GROUP BY b.account_currency, 2
), placed AS (
    SELECT *, hour / 24 + 1 AS weekday, hour %% 24 AS hour_of_day FROM finest
)
SELECT CASE WHEN grouping(weekday) = 0 THEN 'weekday' ELSE 'hour' END,
    currency, coalesce(weekday, hour_of_day),
    sum(total_trades)::bigint, sum(winning_trades)::bigint, sum(losing_trades)::bigint,
    sum(gross_profit), sum(gross_loss), sum(volume)
FROM placed
GROUP BY currency, GROUPING SETS ((weekday), (hour_of_day))
