-- Sorted by key, so that two batches with the same lines wait in one order. The key is
-- derived from what a numbered line says, so one that was sent before is not stored again.
INSERT INTO bot_logs (
    id, bot_instance_id, log_level, category, message, metadata, created_at
)
SELECT
    r.id, %(bot_instance_id)s, r.log_level, r.category, r.message, r.metadata::jsonb,
    r.created_at
FROM unnest(
    %(id)s::uuid[], %(log_level)s::text[], %(category)s::text[], %(message)s::text[],
    %(metadata)s::text[], %(created_at)s::timestamptz[]
) AS r (id, log_level, category, message, metadata, created_at)
ORDER BY r.id
ON CONFLICT (id, created_at) DO NOTHING
RETURNING id
