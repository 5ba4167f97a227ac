ALTER TABLE performance_metrics RESET (fillfactor);

CREATE OR REPLACE FUNCTION trades_mark_dirty_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO rollup_dirty (bot_instance_id, hour_start)
            SELECT DISTINCT bot_instance_id, date_trunc('hour', closed_at, 'UTC')
            FROM new_rows WHERE status = 'closed';
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO rollup_dirty (bot_instance_id, hour_start)
            SELECT DISTINCT changed.bot_instance_id,
                date_trunc('hour', changed.closed_at, 'UTC')
            FROM old_rows o JOIN new_rows n USING (id)
            CROSS JOIN LATERAL (VALUES
                (o.bot_instance_id, o.status, o.closed_at),
                (n.bot_instance_id, n.status, n.closed_at)
            ) AS changed (bot_instance_id, status, closed_at)
            WHERE changed.status = 'closed'
            AND (o.status, o.closed_at, o.profit, o.commission, o.swap)
                IS DISTINCT FROM (n.status, n.closed_at, n.profit, n.commission, n.swap);
    ELSE
        -- When the bot itself goes, its metrics go with it.
        INSERT INTO rollup_dirty (bot_instance_id, hour_start)
            SELECT DISTINCT o.bot_instance_id, date_trunc('hour', o.closed_at, 'UTC')
            FROM old_rows o JOIN bot_instances b ON b.id = o.bot_instance_id
            WHERE o.status = 'closed';
    END IF;
    RETURN NULL;
END $$;
