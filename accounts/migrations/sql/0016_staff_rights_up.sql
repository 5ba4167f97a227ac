-- Who is no staff has none of its rights: no superuser status, no group, no permission ---
-- Also by whichever door. Until now who was demoted kept them.

UPDATE users SET is_superuser = false WHERE is_superuser AND role <> 'admin';
DELETE FROM users_groups USING users
    WHERE user_id = users.id AND role <> 'admin';
DELETE FROM users_user_permissions USING users
    WHERE user_id = users.id AND role <> 'admin';

CREATE FUNCTION users_lose_staff_rights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM users_groups WHERE user_id = NEW.id;
    DELETE FROM users_user_permissions WHERE user_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER users_lose_staff_rights AFTER UPDATE OF role ON users
    FOR EACH ROW WHEN (OLD.role = 'admin' AND NEW.role <> 'admin')
    EXECUTE FUNCTION users_lose_staff_rights();

-- The update is the lock, too: nobody is demoted while they are given a group. And it ends
-- the sessions and tokens, as a change of role does.
CREATE FUNCTION staff_rights_are_given() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET session_version = session_version + 1
    WHERE id = NEW.user_id AND role = 'admin';
    IF NOT FOUND THEN
        RAISE integrity_constraint_violation USING
            CONSTRAINT = 'staff_rights_are_the_staff_s', TABLE = TG_TABLE_NAME,
            MESSAGE = 'only the staff have groups and permissions';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION staff_rights_are_taken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET session_version = session_version + 1 WHERE id = OLD.user_id;
    RETURN NULL;
END $$;

CREATE TRIGGER users_groups_given BEFORE INSERT OR UPDATE ON users_groups
    FOR EACH ROW EXECUTE FUNCTION staff_rights_are_given();
CREATE TRIGGER users_groups_taken AFTER DELETE ON users_groups
    FOR EACH ROW EXECUTE FUNCTION staff_rights_are_taken();
CREATE TRIGGER users_user_permissions_given
    BEFORE INSERT OR UPDATE ON users_user_permissions
    FOR EACH ROW EXECUTE FUNCTION staff_rights_are_given();
CREATE TRIGGER users_user_permissions_taken AFTER DELETE ON users_user_permissions
    FOR EACH ROW EXECUTE FUNCTION staff_rights_are_taken();
