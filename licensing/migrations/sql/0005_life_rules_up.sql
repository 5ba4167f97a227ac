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

CREATE FUNCTION licenses_forget_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE license_events SET ip = NULL WHERE license_id = OLD.id AND ip IS NOT NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER licenses_forget_addresses AFTER DELETE ON licenses
    FOR EACH ROW EXECUTE FUNCTION licenses_forget_addresses();
