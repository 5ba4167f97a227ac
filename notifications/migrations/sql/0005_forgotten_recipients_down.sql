DROP TRIGGER users_forget_deliveries ON users;
DROP FUNCTION users_forget_deliveries();
