-- name: page
-- In the order of the primary key. What may be a secret is not searched by its value: an answer would tell of it.
SELECT component, component_instance, evse_id, connector_id, variable, instance, attribute, value, mutability,
    persistent, constant, characteristics, status, source, at
FROM variables
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN variable !~* 'pass|secret|key|psk|pin' AND mutability IS DISTINCT FROM 'WriteOnly' THEN value
    END AS open_value
) AS searched
WHERE charger_id = :charger_id
    AND (component, component_instance, evse_id, connector_id, variable, instance, attribute) > (:a_component, :a_component_instance, :a_evse_id, :a_connector_id, :a_variable, :a_instance, :a_attribute) -- if a_component
    AND lower(component) = lower(:component) -- if component
    AND lower(variable) = lower(:variable) -- if variable
    AND evse_id = :evse_id -- if evse_id
    AND strpos(lower(concat_ws(' ', component, component_instance, variable, instance, open_value)), lower(:q)) > 0 -- if q
ORDER BY component, component_instance, evse_id, connector_id, variable, instance, attribute
LIMIT :limit
