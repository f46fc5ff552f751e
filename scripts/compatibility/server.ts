/** The server on loopback for the programs of the compatibility tables. */

export interface LoopbackServer {
  url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

type Answer = (request: Request) => Response | Promise<Response>;

/** Paths that were requested once: the first request fails, the second succeeds. */
const failed = new Set<string>();

const ANSWERS: Record<string, Answer> = {
  "/text": () => new Response("hello"),
  "/json": () => Response.json({ items: [1, 2, 3], name: "ü" }),
  "/page": () =>
    new Response("<h1>Hello</h1><a href='/text'>text</a>", {
      headers: { "content-type": "text/html" },
    }),
  "/echo": async (request) =>
    Response.json({
      method: request.method,
      query: new URL(request.url).search,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    }),
  "/redirect": (request) => Response.redirect(new URL("/text", request.url)),
  "/cookie": (request) =>
    new Response(request.headers.get("cookie") ?? "none", { headers: { "set-cookie": "seen=1" } }),
  "/flaky": (request) => {
    if (failed.delete(request.url)) return new Response("well again");
    failed.add(request.url);
    return new Response("busy", { status: 503 });
  },
  "/v1/chat/completions": completeChat,
  "/v1/messages": answerMessages,
};

/** Starts the server. */
export function serveLoopback(): LoopbackServer {
  const options = { port: 0, hostname: "localhost", onListen() {} };
  const server = Deno.serve(options, (request) => {
    const answer = ANSWERS[new URL(request.url).pathname];
    return answer?.(request) ?? Response.json({ error: "nothing is here" }, { status: 404 });
  });
  return {
    url: `http://localhost:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}

/** A response like OpenAI's API. */
async function completeChat(request: Request): Promise<Response> {
  const { messages, stream } = await request.json();
  const content = `you said ${messages.at(-1).content}`;
  const start = { id: "1", created: 1, model: "m" };
  if (!stream) {
    const choice = { index: 0, message: { role: "assistant", content }, finish_reason: "stop" };
    return Response.json({ ...start, object: "chat.completion", choices: [choice] });
  }
  const chunks = content.match(/.{1,4}/g)!.map((text) => ({
    ...start,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta: { content: text }, finish_reason: null }],
  }));
  return events([...chunks.map((chunk) => ["", JSON.stringify(chunk)]), ["", "[DONE]"]]);
}

/** A response like Anthropic's API. */
async function answerMessages(request: Request): Promise<Response> {
  const { messages, stream } = await request.json();
  const text = `you said ${messages.at(-1).content}`;
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: "1", type: "message", role: "assistant", model: "m", usage };
  const ended = { stop_reason: "end_turn", stop_sequence: null };
  if (!stream) return Response.json({ ...message, ...ended, content: [{ type: "text", text }] });
  const parts = text.match(/.{1,4}/g)!.map((part) => ({
    type: "content_block_delta",
    index: 0,
    delta: { type: "text_delta", text: part },
  }));
  const told = [
    { type: "message_start", message: { ...message, content: [], stop_reason: null } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...parts,
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: ended, usage },
    { type: "message_stop" },
  ];
  return events(told.map((event) => [event.type, JSON.stringify(event)]));
}

/** Server-sent events, one after the other. */
function events(list: string[][]): Response {
  const text = list.map(([name, data]) => `${name ? `event: ${name}\n` : ""}data: ${data}\n\n`);
  const body = ReadableStream.from(text).pipeThrough(new TextEncoderStream());
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
