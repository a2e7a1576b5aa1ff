-- Where a command's trace goes on, whenever and by whomever it is sent: W3C Trace Context, 55 characters.
ALTER TABLE commands ADD COLUMN traceparent text;  -- NULL: it is not traced
