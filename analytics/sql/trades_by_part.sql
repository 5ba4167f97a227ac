-- What the closed trades of some bots amount to by symbol, strategy and direction. Their days
-- are added up once, and then the few sums of that three times.
WITH finest AS (
    SELECT b.account_currency AS currency, d.symbol, d.strategy, d.trade_type,
        sum(d.total_trades) AS total_trades, sum(d.winning_trades) AS winning_trades,
        sum(d.losing_trades) AS losing_trades, sum(d.gross_profit) AS gross_profit,
        sum(d.gross_loss) AS gross_loss, sum(d.volume) AS volume
    FROM daily_breakdowns d JOIN bot_instances b ON b.id = d.bot_instance_id
    WHERE d.bot_instance_id = ANY (%(bots)s)
        AND d.closed_on >= %(start)s::date AND d.closed_on < %(end)s::date
    GROUP BY b.account_currency, d.symbol, d.strategy, d.trade_type
)
SELECT CASE
        WHEN grouping(symbol) = 0 THEN 'symbol'
        WHEN grouping(strategy) = 0 THEN 'strategy'
        ELSE 'direction'
    END,
    currency, coalesce(symbol, strategy, trade_type),
    sum(total_trades)::bigint, sum(winning_trades)::bigint, sum(losing_trades)::bigint,
    sum(gross_profit), sum(gross_loss), sum(volume)
FROM finest
GROUP BY currency, GROUPING SETS ((symbol), (strategy), (trade_type))
