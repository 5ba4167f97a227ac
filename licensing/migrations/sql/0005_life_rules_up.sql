-- The audit is append-only ------------------------------------------------------------
-- Of what was written only the address may go, when a person is forgotten.

CREATE FUNCTION license_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.ip IS NULL
        AND to_jsonb(NEW) - 'ip' = to_jsonb(OLD) - 'ip' THEN
        RETURN NEW;
    END IF;
    RAISE integrity_constraint_violation USING
        CONSTRAINT = 'license_events_append_only', TABLE = 'license_events',
        MESSAGE = 'events of licenses are neither changed nor deleted';
END $$;

CREATE TRIGGER license_events_append_only BEFORE UPDATE OR DELETE ON license_events
    FOR EACH ROW EXECUTE FUNCTION license_events_append_only();

CREATE TRIGGER license_events_not_truncated BEFORE TRUNCATE ON license_events
    FOR EACH STATEMENT EXECUTE FUNCTION license_events_append_only();

CREATE FUNCTION users_forget_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE license_events SET ip = NULL WHERE owner_id = OLD.id AND ip IS NOT NULL;
    UPDATE license_events SET ip = NULL WHERE actor_id = OLD.id AND ip IS NOT NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER users_forget_addresses AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION users_forget_addresses();

-- Suspensions of before had no hold.
INSERT INTO license_holds (id, license_id, source, reference, reason, placed_at)
SELECT gen_random_uuid(), id, 'admin', '', 'Suspended before there were holds', now()
FROM licenses WHERE status = 'suspended';
