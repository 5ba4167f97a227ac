DROP TRIGGER users_user_permissions_taken ON users_user_permissions;
DROP TRIGGER users_user_permissions_given ON users_user_permissions;
DROP TRIGGER users_groups_taken ON users_groups;
DROP TRIGGER users_groups_given ON users_groups;
DROP FUNCTION staff_rights_are_taken();
DROP FUNCTION staff_rights_are_given();
DROP TRIGGER users_lose_staff_rights ON users;
DROP FUNCTION users_lose_staff_rights();
