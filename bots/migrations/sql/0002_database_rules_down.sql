DROP TRIGGER users_delete_bots_first ON users;
DROP FUNCTION users_delete_bots_first();
