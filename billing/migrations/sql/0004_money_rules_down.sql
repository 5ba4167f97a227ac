DROP TRIGGER users_forget_purchases ON users;
DROP FUNCTION users_forget_purchases();
DROP TRIGGER invoices_unchanged ON invoices;
DROP FUNCTION invoices_unchanged();
