-- Each dirty period, composed of the parts within it. Sums add; a drawdown reaches from the
-- highest point of the earlier parts to the lowest of a later one. OFFSET 0 keeps the parts
-- an index scan for each period: by a bot's days the planner would merge all of its hours
-- with each of them.
SELECT
    bot_instance_id,
    period_start,
    sum(total_trades) AS total_trades,
    sum(winning_trades) AS winning_trades,
    sum(losing_trades) AS losing_trades,
    sum(gross_profit) AS gross_profit,
    sum(gross_loss) AS gross_loss,
    sum(net_profit) AS net_profit,
    greatest(
        max(max_drawdown),
        max(greatest(earlier_peak, 0) - (earlier_net + trough))
    ) AS max_drawdown,
    max(largest_win) AS largest_win,
    max(largest_loss) AS largest_loss,
    sum(sum_of_squares) AS sum_of_squares,
    greatest(max(earlier_net + peak), 0) AS peak,
    least(min(earlier_net + trough), 0) AS trough,
    sum(volume) AS volume,
    min(first_opened_at) AS first_opened_at
FROM (
    SELECT
        *,
        max(earlier_net + peak) OVER (
            PARTITION BY bot_instance_id, period_start ORDER BY part_start
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS earlier_peak
    FROM (
        SELECT
            d.bot_instance_id,
            d.period_start,
            m.period_start AS part_start,
            m.total_trades, m.winning_trades, m.losing_trades,
            m.gross_profit, m.gross_loss, m.net_profit, m.max_drawdown,
            m.largest_win, m.largest_loss, m.sum_of_squares, m.peak, m.trough,
            m.volume, m.first_opened_at,
            coalesce(sum(m.net_profit) OVER (
                PARTITION BY d.bot_instance_id, d.period_start ORDER BY m.period_start
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), 0) AS earlier_net
        FROM dirty d
        CROSS JOIN LATERAL (
            {parts}
            OFFSET 0
        ) m
    ) parts
) composed
GROUP BY bot_instance_id, period_start
