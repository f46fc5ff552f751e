/**
 * `fetch` and its classes: undici's, which Node has them from, over the host's one way to the network in
 * place of its sockets. Redirects are followed here, hop by hop: the host looks at each.
 */
import { fetch as fetchByDispatcher } from "undici/lib/web/fetch/index.js";
import { FormData } from "undici/lib/web/fetch/formdata.js";
import { Headers } from "undici/lib/web/fetch/headers.js";
import { Request } from "undici/lib/web/fetch/request.js";
import { Response } from "undici/lib/web/fetch/response.js";
import { define } from "../define.ts";

/** A request, or its address, and how it differs from a plain one. */
async function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  try {
    return await fetchByDispatcher(input as never, init as never) as unknown as Response;
  } catch (error) {
    // What a host refuses says so: "fetch failed" alone helps nobody.
    if (error instanceof TypeError && error.message === "fetch failed" && error.cause) {
      error.message += `: ${(error.cause as Error).message}`;
    }
    throw error;
  }
}

define({ fetch, FormData, Headers, Request, Response });
