// What became of a command, in words: its state, and the charger's own answer. Pure.

import { spaced } from "./format.js";

/** States after which nothing more is heard, unless an accepted one is confirmed by what follows. */
const OVER = new Set(["REJECTED", "CALLERROR", "UNKNOWN", "EXPIRED", "CANCELLED", "COMPLETED", "FAILED"]);

export const isOver = (command) => OVER.has(command.state);
export const isAnswered = (command) => isOver(command) || command.state === "ACCEPTED";

const NAMES = {
  RemoteStartTransaction: "Start",
  RequestStartTransaction: "Start",
  RemoteStopTransaction: "Stop",
  RequestStopTransaction: "Stop",
  UnlockConnector: "Unlock",
  Reset: "Reset",
};
const ACCEPTED = {
  Start:
    "The charger accepted the start. The session begins once the cable is plugged in and the token is authorized.",
  Stop: "The charger accepted the stop.",
  Unlock: "The connector is unlocked.",
  Reset: "The charger accepted the reset. It goes offline for a moment and comes back.",
};
const COMPLETED = {
  Start: "The session has started.",
  Stop: "The session has ended.",
  Unlock: "The connector is unlocked.",
  Reset: "The charger has restarted.",
};
const REFUSED = { Start: "the start", Stop: "the stop", Unlock: "to unlock", Reset: "the reset" };
const ANSWERS = {
  Scheduled: "The charger will do it when its running sessions have ended.",
  UnlockFailed: "The connector could not be unlocked.",
  NotSupported: "This charger cannot do that.",
  NotImplemented: "This charger cannot do that.",
  UnknownConnector: "The charger does not know this connector.",
  OngoingAuthorizedTransaction: "A session is running on this connector; stop it first.",
  RebootRequired: "It will take effect after a restart.",
};

const SILENCE = {
  "no answer": "The charger did not answer in time.",
  "socket lost": "The connection was lost before the answer.",
  "said nothing": "The charger's answer says nothing.",
  "owner died": "The node that sent it was gone before the answer.",
};

export const commandName = (command) => NAMES[command.action] ?? spaced(command.action);

/** One or two sentences about the command as it is now. */
export function outcome(command) {
  const name = NAMES[command.action];
  switch (command.state) {
    case "QUEUED":
      return "Waiting to be sent to the charger.";
    case "SENT":
      return "Sent. Waiting for the charger's answer.";
    case "ACCEPTED":
      return answered(command) ?? ACCEPTED[name] ?? "The charger accepted it.";
    case "COMPLETED":
      return COMPLETED[name] ?? answered(command) ?? "Done.";
    case "REJECTED":
      return answered(command) ?? refused(command);
    case "FAILED":
      if (command.outcome?.poison) return "It could not be sent because of a fault of ours: see the node's log.";
      return errorOf(command) ?? "The charger accepted it, but what should have followed did not happen.";
    case "CALLERROR":
      return `The charger answered with an error: ${errorOf(command) ?? "it gave no reason."}`;
    case "UNKNOWN":
      return `${errorOf(command) ?? SILENCE[command.outcome?.reason] ?? "No answer came."} Whether the charger acted is not known.`;
    case "EXPIRED":
      return "The charger did not take it in time; it was not carried out.";
    case "CANCELLED":
      return command.replaced_by ? "Replaced by a newer one before it was sent." : "Cancelled before it was sent.";
    default:
      return command.state;
  }
}

/** `good`, `bad`, `warn` or null while it is under way. */
export function outcomeTone(command) {
  if (["ACCEPTED", "COMPLETED"].includes(command.state)) return "good";
  if (["REJECTED", "CALLERROR", "FAILED"].includes(command.state)) return "bad";
  return isOver(command) ? "warn" : null;
}

/** How many of three steps (queued, sent, answered) are behind it. */
export const stepsDone = (command) => ({ QUEUED: 1, SENT: 2 })[command.state] ?? 3;

function answered(command) {
  const sentence = ANSWERS[command.response?.status];
  return sentence && withReason(sentence, command);
}

function refused(command) {
  const status = command.response?.status;
  const what = REFUSED[NAMES[command.action]] ?? "it";
  const said =
    status && status !== "Rejected"
      ? `The charger refused ${what}: ${spaced(status)}.`
      : `The charger refused ${what} and gave no reason.`;
  return withReason(said, command).replace(" and gave no reason. ", ". ");
}

function withReason(sentence, command) {
  const info = command.response?.statusInfo;
  const reason =
    info && [info.reasonCode, info.additionalInfo].filter((text) => typeof text === "string").join(": ");
  return reason ? `${sentence} It says: ${reason}.` : sentence;
}

function errorOf({ error }) {
  if (!error) return null;
  const text = [error.code, error.description].filter((part) => typeof part === "string" && part).join(": ");
  return text ? `${text.replace(/\.$/, "")}.` : null;
}
