DROP INDEX admin_log_of_object;
DROP INDEX admin_log_of_user;
DROP INDEX admin_log_newest;
