-- The audit is append-only --------------------------------------------------------------
-- Of what was written only the person may go, when they are deleted; rows after a year.

CREATE FUNCTION auth_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    personal CONSTANT text[] := ARRAY['email', 'ip', 'user_agent', 'detail'];
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '364 days' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.email IN ('', OLD.email)
        AND (NEW.ip IS NULL OR NEW.ip = OLD.ip)
        AND NEW.user_agent IN ('', OLD.user_agent)
        AND NEW.detail IN ('{}', OLD.detail)
        AND to_jsonb(NEW) - personal = to_jsonb(OLD) - personal THEN
        RETURN NEW;
    END IF;
    RAISE integrity_constraint_violation USING
        CONSTRAINT = 'auth_events_append_only', TABLE = 'auth_events',
        MESSAGE = 'events of accounts are neither changed nor deleted';
END $$;

CREATE TRIGGER auth_events_append_only BEFORE UPDATE OR DELETE ON auth_events
    FOR EACH ROW EXECUTE FUNCTION auth_events_append_only();

-- A call may have been let in just before its user was deleted: then its event must not
-- bring back whom the others have forgotten.
CREATE FUNCTION auth_events_know_the_living() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE id = NEW.user_id FOR KEY SHARE;
    IF NOT FOUND THEN
        NEW.email := '';
        NEW.ip := NULL;
        NEW.user_agent := '';
        NEW.detail := '{}';
    END IF;
    RETURN NEW;
END $$;

-- Not of a deletion: two at once would wait for each other.
CREATE TRIGGER auth_events_know_the_living BEFORE INSERT ON auth_events
    FOR EACH ROW WHEN (NEW.user_id IS NOT NULL AND NEW.type <> 'deleted')
    EXECUTE FUNCTION auth_events_know_the_living();

CREATE FUNCTION users_forget_auth_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE auth_events SET email = '', ip = NULL, user_agent = '', detail = '{}'
    WHERE user_id = OLD.id OR email = OLD.email;
    -- What they did to others is still about the others.
    UPDATE auth_events SET ip = NULL, user_agent = '' WHERE actor_id = OLD.id;
    RETURN NULL;
END $$;

CREATE TRIGGER users_forget_auth_events AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION users_forget_auth_events();
