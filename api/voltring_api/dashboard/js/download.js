// Saving what the API answers as a file: a link can't carry the token, so the page fetches and hands over.

import { ApiError, address, authorization } from "./api.js";

/** Fetches `path` and saves it as `name`; throws ApiError. */
export async function download(path, query, name, accept = "application/json") {
  const headers = { ...authorization(), Accept: accept };
  const response = await fetch(address(path, query), { headers, cache: "no-store" });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => ({})));
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
