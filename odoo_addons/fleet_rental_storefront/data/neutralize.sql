-- A copy of the database for trying things out must not talk to the real website.
UPDATE ir_config_parameter
   SET value = ''
 WHERE key IN ('fleet_rental_storefront.booking_webhook_url', 'fleet_rental_storefront.inventory_webhook_url');
