-- name: page
-- Those of a session, and of a stop that was found to be its own.
SELECT id, sampled_at AS at, received_at, measurand, phase, location, context, encoding, signing, public_key, data
FROM signed_meter_values
WHERE (transaction_id = :transaction OR transaction_id IN (SELECT id FROM transactions WHERE attached_to = :transaction))
    AND (sampled_at, id) > (:after, :after_id) -- if after
ORDER BY sampled_at, id
LIMIT :limit

-- name: exists
SELECT EXISTS (SELECT FROM transactions WHERE id = $1)
