-- Each dirty hour's closed trades, summed. Windows run over whole cents: exact and fast;
-- a product brings them back to money, as a quotient keeps but 16 digits.
-- Order within an hour: (closed_at, ticket as a number, ticket as text).
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
    least(min(running), 0) * 0.01 AS trough
FROM (
    SELECT *, max(running) OVER in_order AS peak
    FROM (
        SELECT *, sum(net) OVER in_order AS running
        FROM (
            SELECT
                d.bot_instance_id,
                d.period_start,
                t.closed_at,
                CASE WHEN t.ticket_number ~ '^[0-9]+$' THEN t.ticket_number::numeric END
                    AS ticket,
                t.ticket_number,
                ((t.profit + t.commission + t.swap) * 100)::bigint AS net
            FROM dirty d
            JOIN trades t
                ON t.bot_instance_id = d.bot_instance_id
                AND t.closed_at >= d.period_start
                AND t.closed_at < d.period_start + interval '1 hour'
                -- Bounds on the partition key: no trade closes before it opened.
                AND t.opened_at >= %(opened_from)s
                AND t.opened_at < d.period_start + interval '1 hour'
            WHERE t.status = 'closed'
        ) closed
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
