// The zone of this browser, and its clock as a form field has it.

/** The IANA name of the zone in which this page shows times. */
export const ownZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** A moment as `<input type="datetime-local">` takes it. */
export function localInput(moment) {
  const two = (n) => String(n).padStart(2, "0");
  const day = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join("-");
  return `${day}T${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/** What such a field holds, as an instant in RFC 3339; undefined when it is empty. */
export function instantOf(text) {
  return text ? new Date(text).toISOString() : undefined;
}
