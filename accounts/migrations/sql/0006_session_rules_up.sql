-- Whoever changes a password, a role or an activity ends the user's sessions and tokens,
-- by whichever door. A row that was read before and is saved whole does not bring an
-- earlier version back.

CREATE FUNCTION users_end_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.password_hash, NEW.role, NEW.is_active, NEW.is_superuser)
        IS DISTINCT FROM (OLD.password_hash, OLD.role, OLD.is_active, OLD.is_superuser)
    THEN
        NEW.session_version := greatest(NEW.session_version, OLD.session_version + 1);
    ELSE
        NEW.session_version := greatest(NEW.session_version, OLD.session_version);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER users_end_sessions BEFORE UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION users_end_sessions();
