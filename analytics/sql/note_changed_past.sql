-- A curve's past is kept by the months before this one: whatever changes in them makes it
-- another. The later of both clocks counts, so that none that is slow hides a change.
INSERT INTO curve_versions (bot_instance_id, version)
SELECT bot_instance_id, uuidv7()
FROM unnest(%(bots)s::uuid[], %(hours)s::timestamptz[]) AS hours (bot_instance_id, hour_start)
WHERE hour_start < date_trunc('month', greatest(%(now)s::timestamptz, now()), 'UTC')
GROUP BY bot_instance_id
ORDER BY bot_instance_id
ON CONFLICT (bot_instance_id) DO UPDATE SET version = excluded.version
