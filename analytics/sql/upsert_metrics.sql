-- Around the sums of one of the other two files: ratios, clamps, and the rows themselves.
-- A period without closed trades has no row; a row that is right already is not written.
WITH dirty AS (
    {dirty}
),
sums AS (
    {sums}
),
emptied AS (
    -- LIMIT 1 of a unique key: a probe for each period, never a scan of the table.
    DELETE FROM performance_metrics WHERE id IN (
        SELECT stale.id
        FROM dirty d
        LEFT JOIN sums s USING (bot_instance_id, period_start)
        CROSS JOIN LATERAL (
            SELECT m.id FROM performance_metrics m
            WHERE m.bot_instance_id = d.bot_instance_id
            AND m.metric_type = %(metric_type)s
            AND m.period_start = d.period_start
            LIMIT 1
        ) stale
        WHERE s.bot_instance_id IS NULL
    )
),
written AS (
    INSERT INTO performance_metrics AS m (
        id, bot_instance_id, metric_type, period_start, period_end,
        total_trades, winning_trades, losing_trades,
        gross_profit, gross_loss, net_profit, win_rate, profit_factor, max_drawdown,
        avg_win, avg_loss, largest_win, largest_loss, sharpe_ratio,
        sum_of_squares, peak, trough, volume, first_opened_at, created_at
    )
    SELECT
        uuidv7(), s.bot_instance_id, %(metric_type)s, d.period_start, d.period_end,
        total_trades, winning_trades, losing_trades,
        least(gross_profit, 9999999999999.99),
        least(gross_loss, 9999999999999.99),
        least(greatest(net_profit, -9999999999999.99), 9999999999999.99),
        round(100.0 * winning_trades / total_trades, 2),
        -- least() passes over NULLs: what is undefined must be 0 before it is clamped.
        least(coalesce(round(gross_profit / nullif(gross_loss, 0), 4), 0), 999999.9999),
        least(max_drawdown, 99999999.99),
        least(coalesce(round(gross_profit / nullif(winning_trades, 0), 2), 0), 99999999.99),
        least(coalesce(round(gross_loss / nullif(losing_trades, 0), 2), 0), 99999999.99),
        least(largest_win, 99999999.99),
        least(largest_loss, 99999999.99),
        -- mean / sample deviation = S / sqrt(n (n Q - S * S) / (n - 1)), S the sum, Q of squares
        CASE WHEN spread > 0 THEN
            least(greatest(round(net_profit / sqrt(spread), 4), -999999.9999), 999999.9999)
        END,
        sum_of_squares, peak, trough, volume, first_opened_at, %(now)s
    FROM sums s JOIN dirty d USING (bot_instance_id, period_start)
    CROSS JOIN LATERAL (
        -- S ^ 2 would round the last decimals of a large sum; S * S is exact.
        SELECT total_trades * (total_trades * sum_of_squares - net_profit * net_profit)
            / nullif(total_trades - 1, 0) AS spread
    ) deviation
    ORDER BY s.bot_instance_id, d.period_start
    ON CONFLICT (bot_instance_id, metric_type, period_start) DO UPDATE SET
        (period_end, total_trades, winning_trades, losing_trades, gross_profit, gross_loss,
         net_profit, win_rate, profit_factor, max_drawdown, avg_win, avg_loss, largest_win,
         largest_loss, sharpe_ratio, sum_of_squares, peak, trough, volume,
         first_opened_at)
        = (EXCLUDED.period_end, EXCLUDED.total_trades, EXCLUDED.winning_trades,
           EXCLUDED.losing_trades, EXCLUDED.gross_profit, EXCLUDED.gross_loss,
           EXCLUDED.net_profit, EXCLUDED.win_rate, EXCLUDED.profit_factor,
           EXCLUDED.max_drawdown, EXCLUDED.avg_win, EXCLUDED.avg_loss, EXCLUDED.largest_win,
           EXCLUDED.largest_loss, EXCLUDED.sharpe_ratio, EXCLUDED.sum_of_squares,
           EXCLUDED.peak, EXCLUDED.trough, EXCLUDED.volume, EXCLUDED.first_opened_at)
    WHERE (m.period_end, m.total_trades, m.winning_trades, m.losing_trades, m.gross_profit,
           m.gross_loss, m.net_profit, m.win_rate, m.profit_factor, m.max_drawdown, m.avg_win,
           m.avg_loss, m.largest_win, m.largest_loss, m.sharpe_ratio, m.sum_of_squares,
           m.peak, m.trough, m.volume, m.first_opened_at)
        IS DISTINCT FROM
          (EXCLUDED.period_end, EXCLUDED.total_trades, EXCLUDED.winning_trades,
           EXCLUDED.losing_trades, EXCLUDED.gross_profit, EXCLUDED.gross_loss,
           EXCLUDED.net_profit, EXCLUDED.win_rate, EXCLUDED.profit_factor,
           EXCLUDED.max_drawdown, EXCLUDED.avg_win, EXCLUDED.avg_loss, EXCLUDED.largest_win,
           EXCLUDED.largest_loss, EXCLUDED.sharpe_ratio, EXCLUDED.sum_of_squares,
           EXCLUDED.peak, EXCLUDED.trough, EXCLUDED.volume, EXCLUDED.first_opened_at)
    RETURNING
        m.bot_instance_id,
        m.period_start,
        -- Told of once: when the row was not clamped before.
        (
            999999.9999 IN (m.profit_factor, abs(coalesce(m.sharpe_ratio, 0)))
            OR 99999999.99 IN
                (m.max_drawdown, m.avg_win, m.avg_loss, m.largest_win, m.largest_loss)
            OR 9999999999999.99 IN (m.gross_profit, m.gross_loss, abs(m.net_profit))
        ) AND NOT coalesce(
            999999.9999 IN (old.profit_factor, abs(coalesce(old.sharpe_ratio, 0)))
            OR 99999999.99 IN
                (old.max_drawdown, old.avg_win, old.avg_loss, old.largest_win,
                 old.largest_loss)
            OR 9999999999999.99 IN
                (old.gross_profit, old.gross_loss, abs(old.net_profit)),
            false
        ) AS is_newly_clamped
)
SELECT bot_instance_id, period_start FROM written WHERE is_newly_clamped
