DROP TRIGGER trades_mark_dirty_hours_delete ON trades;
DROP TRIGGER trades_mark_dirty_hours_update ON trades;
DROP TRIGGER trades_mark_dirty_hours_insert ON trades;
DROP FUNCTION trades_mark_dirty_hours();
