-- Claim some bots that no other roll-up works on, and take their oldest marks.
-- The lock per bot, held to the end of the transaction, keeps two workers from composing
-- one day out of two snapshots. Marks that are being written are not seen, so they stay.
WITH candidates AS MATERIALIZED (
    SELECT DISTINCT bot_instance_id FROM (
        SELECT bot_instance_id FROM rollup_dirty
        WHERE %(only)s::uuid[] IS NULL OR bot_instance_id = ANY (%(only)s::uuid[])
        ORDER BY id LIMIT %(limit)s
    ) oldest
),
claimed AS MATERIALIZED (
    SELECT bot_instance_id FROM candidates
    WHERE pg_try_advisory_xact_lock(
        hashtext('rollup'), hashtext(bot_instance_id::text)
    )
),
-- MATERIALIZED: a plan that ran the LIMIT again for each mark would take more than that.
oldest_marks AS MATERIALIZED (
    SELECT id FROM rollup_dirty
    WHERE bot_instance_id IN (SELECT bot_instance_id FROM claimed)
    ORDER BY id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
),
taken AS (
    -- An array is looked up in the index; a join would read millions of marks for these.
    DELETE FROM rollup_dirty WHERE id = ANY (ARRAY (SELECT id FROM oldest_marks))
    RETURNING bot_instance_id, hour_start, opened_from
)
SELECT
    array_agg(bot_instance_id ORDER BY bot_instance_id, hour_start)::text,
    array_agg(hour_start ORDER BY bot_instance_id, hour_start)::text,
    array_agg(opened_from ORDER BY bot_instance_id, hour_start)::text,
    coalesce(sum(marks), 0)::bigint
FROM (
    SELECT
        bot_instance_id,
        hour_start,
        min(coalesce(opened_from, %(earliest)s)) AS opened_from,
        count(*) AS marks
    FROM taken GROUP BY bot_instance_id, hour_start
) hours
