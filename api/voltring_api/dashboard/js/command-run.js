// Sends a command and shows what becomes of it until the charger has answered.

import { call, get, idempotencyKey } from "./api.js";
import { sleep } from "./timing.js";
import { toast } from "./toast.js";
import { commandName, isAnswered, isOver, outcome, outcomeTone, stepsDone } from "./words.js";

const AFTERMATH_MS = 20_000; // how long an accepted command is watched for what should follow

/**
 * POSTs `body` to `path` once (the key makes a repeated click harmless) and gives the command; throws ApiError
 * when the API does not take it. Its progress goes on in a toast.
 */
export async function run(path, body, chargerId, onChange = () => {}) {
  const command = await call("POST", path, { body, headers: { "Idempotency-Key": idempotencyKey() } });
  report(command, chargerId, onChange);
  return command;
}

async function report(command, chargerId, onChange) {
  const message = toast(words(command, chargerId));
  let shown = command.state;
  const began = Date.now();
  while (!isOver(command) && !(isAnswered(command) && Date.now() - began > AFTERMATH_MS)) {
    await sleep(Date.now() - began < 5000 ? 250 : 1500);
    command = (await refreshed(command)) ?? command;
    if (command.state === shown) continue;
    shown = command.state;
    message.update(words(command, chargerId));
    onChange(command);
  }
}

async function refreshed(command) {
  try {
    return await get(`/v1/commands/${command.id}`);
  } catch {
    return null;
  }
}

function words(command, chargerId) {
  return {
    title: `${commandName(command)} · ${chargerId}`,
    text: outcome(command),
    tone: outcomeTone(command),
    steps: [stepsDone(command), 3],
    keep: !isAnswered(command),
  };
}
