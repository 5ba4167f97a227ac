-- What a beat does not tell stays as it is. Of these columns only status is in a btree, and
-- it seldom changes: else the row is updated in its place (HOT).
UPDATE bot_instances SET
    last_heartbeat = %(now)s,
    started_at = CASE
        WHEN %(status)s = 'running' AND status <> 'running' OR started_at IS NULL
        THEN %(now)s ELSE started_at END,
    stopped_at = CASE
        WHEN %(status)s = 'stopped' AND status <> 'stopped'
        THEN %(now)s ELSE stopped_at END,
    status = %(status)s,
    balance = coalesce(%(balance)s, balance),
    equity = coalesce(%(equity)s, equity),
    open_trades = coalesce(%(open_trades)s, open_trades),
    heartbeat_message = coalesce(%(message)s, ''),
    offline_at = NULL,
    utc_offset_minutes = coalesce(%(offset)s, utc_offset_minutes)
WHERE id = %(bot_id)s AND released_at IS NULL
RETURNING old.last_heartbeat < %(offline_since)s, old.offline_at, new.settings_version,
    new.pending_command
