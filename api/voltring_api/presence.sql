-- name: online
-- Whether the connection `k` is online (TR-29): its socket is not closed, the node that holds it lives, and something
-- was heard over it of late. :uids are the nodes that live; with :unsure nobody knows, and every node counts as living.
k.disconnected_at IS NULL AND (:unsure::boolean OR k.node_uid = ANY(:uids::text[]))
    AND k.last_seen_at > now() - k.online_limit_s * interval '1 second'
