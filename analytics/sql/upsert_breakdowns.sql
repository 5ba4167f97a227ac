-- The dirty days' closed trades by symbol, direction and strategy, straight from the
-- trades. Runs after the days' own rows were written, which know the first opening.
WITH dirty AS (
    {dirty}
),
sums AS MATERIALIZED (
    SELECT
        d.bot_instance_id,
        (d.period_start AT TIME ZONE 'UTC')::date AS closed_on,
        t.symbol,
        t.trade_type,
        t.strategy,
        count(*) AS total_trades,
        count(*) FILTER (WHERE t.net > 0) AS winning_trades,
        count(*) FILTER (WHERE t.net < 0) AS losing_trades,
        coalesce(sum(t.net) FILTER (WHERE t.net > 0), 0) AS gross_profit,
        coalesce(sum(-t.net) FILTER (WHERE t.net < 0), 0) AS gross_loss,
        sum(t.lot_size) AS volume
    FROM dirty d
    CROSS JOIN LATERAL (
        SELECT m.first_opened_at FROM performance_metrics m
        WHERE m.bot_instance_id = d.bot_instance_id
        AND m.metric_type = 'daily'
        AND m.period_start = d.period_start
        LIMIT 1
    ) known
    CROSS JOIN LATERAL (
        SELECT t.symbol, t.trade_type, coalesce(t.strategy_used, '') AS strategy,
            t.lot_size, t.profit + t.commission + t.swap AS net
        FROM trades t
        WHERE t.bot_instance_id = d.bot_instance_id
        AND t.closed_at >= d.period_start
        AND t.closed_at < d.period_end
        AND t.opened_at >= %(earliest)s
        AND t.opened_at >= known.first_opened_at
        AND t.opened_at < d.period_end
        AND t.status = 'closed'
        OFFSET 0
    ) t
    GROUP BY 1, 2, 3, 4, 5
),
emptied AS (
    -- By their places, which nobody else moves: the bot is locked.
    DELETE FROM daily_breakdowns WHERE ctid = ANY (ARRAY (
        SELECT b.ctid
        FROM dirty d
        CROSS JOIN LATERAL (
            SELECT b.ctid, b.* FROM daily_breakdowns b
            WHERE b.bot_instance_id = d.bot_instance_id
            AND b.closed_on = (d.period_start AT TIME ZONE 'UTC')::date
            OFFSET 0
        ) b
        LEFT JOIN sums s ON s.bot_instance_id = b.bot_instance_id
            AND s.closed_on = b.closed_on AND s.symbol = b.symbol
            AND s.trade_type = b.trade_type AND s.strategy = b.strategy
        WHERE s.total_trades IS NULL
    ))
)
INSERT INTO daily_breakdowns AS b (
    bot_instance_id, closed_on, symbol, trade_type, strategy,
    total_trades, winning_trades, losing_trades, gross_profit, gross_loss, volume
)
SELECT * FROM sums
ORDER BY bot_instance_id, closed_on, symbol, trade_type, strategy
ON CONFLICT (bot_instance_id, closed_on, symbol, trade_type, strategy) DO UPDATE SET
    (total_trades, winning_trades, losing_trades, gross_profit, gross_loss, volume)
    = (EXCLUDED.total_trades, EXCLUDED.winning_trades, EXCLUDED.losing_trades,
       EXCLUDED.gross_profit, EXCLUDED.gross_loss, EXCLUDED.volume)
WHERE (b.total_trades, b.winning_trades, b.losing_trades, b.gross_profit, b.gross_loss,
       b.volume)
    IS DISTINCT FROM
      (EXCLUDED.total_trades, EXCLUDED.winning_trades, EXCLUDED.losing_trades,
       EXCLUDED.gross_profit, EXCLUDED.gross_loss, EXCLUDED.volume)
