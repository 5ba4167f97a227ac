DROP TRIGGER license_keeps_owner_of_bots ON licenses;
DROP TRIGGER bot_keeps_owner_of_license ON bot_instances;
DROP TRIGGER bot_has_owner_of_license ON bot_instances;
DROP FUNCTION license_has_owner_of_bots();
DROP FUNCTION bot_has_owner_of_license();
