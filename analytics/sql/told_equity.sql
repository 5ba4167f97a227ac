-- By how much the accounts' equity and balance changed from hour to hour, added up, so that
-- an account that is silent in an hour counts with what it told last. Two bots on one account
-- tell of the same money: who told last in an hour is believed. What a bot told last before
-- the first hour that is wanted comes along: from there its account goes on.
WITH told AS (
    SELECT DISTINCT ON (bot.account, e.hour_start) bot.account, e.*
    FROM unnest(%(bots)s::uuid[], %(accounts)s::integer[]) AS bot (id, account)
    CROSS JOIN LATERAL (
        (
            SELECT * FROM equity_hours before
            WHERE before.bot_instance_id = bot.id
            AND before.hour_start >= %(earliest)s AND before.hour_start < %(since)s
            ORDER BY before.hour_start DESC LIMIT 1
        )
        UNION ALL
        SELECT * FROM equity_hours wanted
        WHERE wanted.bot_instance_id = bot.id
        AND wanted.hour_start >= %(since)s AND wanted.hour_start <= %(until)s
    ) e
    ORDER BY bot.account, e.hour_start, e.told_at DESC, e.bot_instance_id
), changes AS (
    SELECT hour_start, low, high, close,
        close - coalesce(lag(close) OVER before, 0) AS equity,
        balance - coalesce(lag(balance) OVER before, 0) AS balance
    FROM told WINDOW before AS (PARTITION BY account ORDER BY hour_start)
)
SELECT extract(epoch FROM hour_start)::bigint, sum(equity), sum(balance),
    -- Those of several accounts were not at the same moment.
    CASE count(*) WHEN 1 THEN min(close - low) ELSE 0 END,
    CASE count(*) WHEN 1 THEN min(high - close) ELSE 0 END
FROM changes GROUP BY hour_start ORDER BY hour_start
