-- A copy of the database for trying things out must not talk to the real website.
UPDATE ir_config_parameter
   SET value = ''
 WHERE key IN ('atlas_equipment_rental.booking_webhook_url', 'atlas_equipment_rental.inventory_webhook_url');
