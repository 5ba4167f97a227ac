-- licenses are RESTRICT under bot_instances, and PostgreSQL promises no order among the
-- cascades of one DELETE: a user's bots have to be gone before the licenses go.
CREATE FUNCTION users_delete_bots_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM bot_instances WHERE user_id = OLD.id;
    RETURN OLD;
END $$;

CREATE TRIGGER users_delete_bots_first BEFORE DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION users_delete_bots_first();
