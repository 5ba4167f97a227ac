-- What the closed trades of some bots amount to by symbol, strategy and direction, in one
-- pass over their days.
SELECT CASE
        WHEN grouping(d.symbol) = 0 THEN 'symbol'
        WHEN grouping(d.strategy) = 0 THEN 'strategy'
        ELSE 'direction'
    END,
    b.account_currency, coalesce(d.symbol, d.strategy, d.trade_type),
    sum(d.total_trades), sum(d.winning_trades), sum(d.losing_trades),
    sum(d.gross_profit), sum(d.gross_loss), sum(d.volume)
FROM daily_breakdowns d JOIN bot_instances b ON b.id = d.bot_instance_id
WHERE d.bot_instance_id = ANY (%(bots)s)
    AND d.closed_on >= %(start)s::date AND d.closed_on < %(end)s::date
GROUP BY b.account_currency, GROUPING SETS ((d.symbol), (d.strategy), (d.trade_type))
