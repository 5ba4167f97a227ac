-- Each dirty hour's closed trades, summed. Windows run over whole cents: exact and fast;
-- a product brings them back to money, as a quotient keeps but 16 digits.
-- Order within an hour: (closed_at, ticket as a number, ticket as text).
-- Dirty hours of a bot that lie in one week are read as one run, in the partitions since
-- the first opening that a mark tells of or the week's row knows. OFFSET 0 and MATERIALIZED
-- keep this an index scan for each run and one join with the hours, whatever the planner
-- believes of the tables' sizes.
WITH runs AS (
    SELECT week.bot_instance_id, week.starts, week.ends,
        least(week.opened_from, known.first_opened_at) AS opened_from
    FROM (
        SELECT bot_instance_id, date_trunc('week', period_start, 'UTC') AS period_start,
            min(period_start) AS starts, max(period_end) AS ends,
            min(opened_from) AS opened_from
        FROM dirty GROUP BY 1, 2
    ) week
    LEFT JOIN LATERAL (
        SELECT m.first_opened_at FROM performance_metrics m
        WHERE m.bot_instance_id = week.bot_instance_id
        AND m.metric_type = 'weekly'
        AND m.period_start = week.period_start
        LIMIT 1
    ) known ON true
),
closed AS MATERIALIZED (
    SELECT runs.bot_instance_id, date_trunc('hour', t.closed_at, 'UTC') AS period_start, t.*
    FROM runs
    CROSS JOIN LATERAL (
        SELECT t.opened_at, t.closed_at, t.ticket_number, t.lot_size,
            t.profit, t.commission, t.swap
        FROM trades t
        WHERE t.bot_instance_id = runs.bot_instance_id
        AND t.closed_at >= runs.starts
        AND t.closed_at < runs.ends
        -- Bounds on the partition key: no trade closes before it opened. The earliest of all
        -- leaves partitions out of the plan, that of each run out of its reading.
        AND t.opened_at >= %(earliest)s
        AND t.opened_at >= runs.opened_from
        AND t.opened_at < runs.ends
        AND t.status = 'closed'
        OFFSET 0
    ) t
)
SELECT
    bot_instance_id,
    period_start,
    count(*) AS total_trades,
    count(*) FILTER (WHERE net > 0) AS winning_trades,
    count(*) FILTER (WHERE net < 0) AS losing_trades,
    coalesce(sum(net) FILTER (WHERE net > 0), 0) * 0.01 AS gross_profit,
    coalesce(sum(-net) FILTER (WHERE net < 0), 0) * 0.01 AS gross_loss,
    sum(net) * 0.01 AS net_profit,
    max(greatest(peak, 0) - running) * 0.01 AS max_drawdown,
    greatest(max(net), 0) * 0.01 AS largest_win,
    greatest(max(-net), 0) * 0.01 AS largest_loss,
    sum(net::numeric * net) * 0.0001 AS sum_of_squares,
    greatest(max(running), 0) * 0.01 AS peak,
    least(min(running), 0) * 0.01 AS trough,
    sum(lot_size) AS volume,
    min(opened_at) AS first_opened_at
FROM (
    SELECT *, max(running) OVER in_order AS peak
    FROM (
        SELECT *, sum(net) OVER in_order AS running
        FROM (
            SELECT
                bot_instance_id,
                period_start,
                opened_at,
                closed_at,
                lot_size,
                CASE WHEN ticket_number ~ '^[0-9]+$' THEN ticket_number::numeric END
                    AS ticket,
                ticket_number,
                ((profit + commission + swap) * 100)::bigint AS net
            FROM closed JOIN dirty USING (bot_instance_id, period_start)
        ) nets
        WINDOW in_order AS (
            PARTITION BY bot_instance_id, period_start
            ORDER BY closed_at, ticket NULLS LAST, ticket_number COLLATE "C"
            ROWS UNBOUNDED PRECEDING
        )
    ) running
    WINDOW in_order AS (
        PARTITION BY bot_instance_id, period_start
        ORDER BY closed_at, ticket NULLS LAST, ticket_number COLLATE "C"
        ROWS UNBOUNDED PRECEDING
    )
) drawn
GROUP BY bot_instance_id, period_start
