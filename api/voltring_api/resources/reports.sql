-- name: page
SELECT * FROM reports
WHERE charger_id = :charger_id
    AND action = :action -- if action
    AND state = :state -- if state
    AND (started_at, id) < (:before, :before_id) -- if before
ORDER BY started_at DESC, id DESC
LIMIT :limit

-- name: get
SELECT * FROM reports WHERE id = $1

-- name: parts
SELECT content FROM report_parts WHERE report_id = $1 ORDER BY seq_no LIMIT $2
