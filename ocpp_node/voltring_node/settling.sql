-- name: outcome
-- What came of a command before its answer was settled.
SELECT outcome FROM commands WHERE id = $1

-- name: variables
-- What is known of these variables, wherever they are; names are compared without case.
SELECT component, component_instance, evse_id, connector_id, variable, instance, attribute, status
FROM variables WHERE charger_id = $1 AND lower(variable) = ANY($2::text[])
