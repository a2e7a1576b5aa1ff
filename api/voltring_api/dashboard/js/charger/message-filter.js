// Which messages are shown: the same filters for what the API lists and for what the live line brings. Pure.

/** What the choice “Show” offers: its words, and the filters it stands for. */
export const SHOWN = {
  all: ["Everything", {}],
  errors: ["Errors only", { error: "any" }],
  repaired: ["Repaired", { verdict: "repaired" }],
  repeat: ["Repeated", { verdict: "repeat" }],
  refused: ["Refused", { verdict: "refused" }],
  malformed: ["Malformed", { verdict: "malformed" }],
  stray: ["Stray answers", { verdict: "stray" }],
  fault: ["Our faults", { verdict: "fault" }],
};

/** The query of a request. */
export const queryOf = ({ direction, action, shown, q }) => ({ direction, action, q, ...SHOWN[shown][1] });

/** Whether a live message passes the filters. */
export function passes(view, message) {
  const { error, verdict } = SHOWN[view.shown][1];
  if (view.direction && message.direction !== view.direction) return false;
  if (view.action && message.action !== view.action) return false;
  if (error && !message.error_code) return false;
  if (verdict && message.verdict !== verdict) return false;
  const text = `${message.frame ?? ""} ${message.reply ?? ""}`.toLowerCase();
  return !view.q || text.includes(view.q.toLowerCase());
}

/** Whether a message of the charger is the answer to a CALL of ours. */
export const isAnswer = (message) => message.direction === "in" && [3, 4].includes(message.message_type);

/** Whether a message is a CALL of ours, which the charger answers. */
export const isOurCall = (message) => message.direction === "out" && message.message_type === 2;

/** A CALL of ours as it is with the charger's answer. */
export const answered = (message, answer) => ({
  ...message,
  reply: answer.frame,
  error_code: message.error_code ?? answer.error_code,
  latency_ms: message.latency_ms ?? answer.latency_ms,
});
