-- As before; what the breakdowns tell apart marks the hour, too.
CREATE OR REPLACE FUNCTION trades_mark_dirty_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO rollup_dirty (bot_instance_id, hour_start, opened_from)
            SELECT bot_instance_id, date_trunc('hour', closed_at, 'UTC'), min(opened_at)
            FROM new_rows WHERE status = 'closed' GROUP BY 1, 2;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO rollup_dirty (bot_instance_id, hour_start, opened_from)
            SELECT n.bot_instance_id, date_trunc('hour', changed.closed_at, 'UTC'),
                min(n.opened_at)
            FROM old_rows o JOIN new_rows n USING (id)
            CROSS JOIN LATERAL (VALUES
                (o.status, o.closed_at), (n.status, n.closed_at)
            ) AS changed (status, closed_at)
            WHERE changed.status = 'closed'
            AND (o.status, o.closed_at, o.profit, o.commission, o.swap,
                o.symbol, o.trade_type, o.strategy_used, o.lot_size)
                IS DISTINCT FROM
                (n.status, n.closed_at, n.profit, n.commission, n.swap,
                n.symbol, n.trade_type, n.strategy_used, n.lot_size)
            GROUP BY 1, 2;
    ELSE
        -- When the bot itself goes, its metrics go with it.
        INSERT INTO rollup_dirty (bot_instance_id, hour_start, opened_from)
            SELECT o.bot_instance_id, date_trunc('hour', o.closed_at, 'UTC'),
                min(o.opened_at)
            FROM old_rows o JOIN bot_instances b ON b.id = o.bot_instance_id
            WHERE o.status = 'closed' GROUP BY 1, 2;
    END IF;
    RETURN NULL;
END $$;

-- What was rolled up before has neither volumes nor breakdowns: the next roll-ups make them.
INSERT INTO rollup_dirty (bot_instance_id, hour_start, opened_from)
    SELECT bot_instance_id, date_trunc('hour', closed_at, 'UTC'), min(opened_at)
    FROM trades WHERE status = 'closed' GROUP BY 1, 2 ORDER BY 1, 2;

-- Without it the planner expects as many hours of the day as there are hours, and sorts all
-- of them instead of adding them up in 24 places.
CREATE STATISTICS performance_metrics_hours_of_the_day
    ON (EXTRACT(hour FROM period_start AT TIME ZONE 'UTC')) FROM performance_metrics;
