/** Servers on loopback, for one test each. */

export interface Server {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  port: number;
  /** Methods and paths of what was asked for, in its order. */
  requests: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves HTTP, or HTTPS with a certificate. */
export function serve(
  handler: (request: Request) => Response | Promise<Response>,
  options: { cert?: string; key?: string; hostname?: string } = {},
): Server {
  const requests: string[] = [];
  const { hostname = "127.0.0.1", ...tls } = options;
  const server = Deno.serve({
    port: 0,
    hostname,
    ...(tls.cert === undefined ? {} : { cert: tls.cert, key: tls.key! }),
    onListen() {},
    // What a guest breaks off is no fault of the server's.
    onError: () => new Response("broken", { status: 500 }),
  }, (request) => {
    const { pathname, search } = new URL(request.url);
    requests.push(`${request.method} ${pathname}${search}`);
    return handler(request);
  });
  const { port } = server.addr as Deno.NetAddr;
  return {
    url: `${tls.cert === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    requests,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}

/** Tells what it was asked, and does what paths say. */
export async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/text":
      return new Response("hello", { headers: { "content-type": "text/plain" } });
    case "/json":
      return Response.json({ a: [1, "ü"], b: null });
    case "/echo":
      return Response.json({
        method: request.method,
        url: new URL(request.url).pathname + new URL(request.url).search,
        headers: Object.fromEntries(request.headers),
        body: await request.text(),
      });
    case "/redirect":
      return Response.redirect(new URL("/text", request.url), 302);
    case "/redirect-post":
      return Response.redirect(new URL("/echo", request.url), 307);
    case "/loop":
      return Response.redirect(request.url, 302);
    case "/gzip": {
      const body = new Blob(["zipped ".repeat(100)]).stream();
      return new Response(body.pipeThrough(new CompressionStream("gzip")), {
        headers: { "content-encoding": "gzip" },
      });
    }
    case "/stream":
      return new Response(parts(6, 1000, 5));
    case "/slow":
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return new Response("late");
    case "/cookies":
      return new Response(null, {
        status: 204,
        headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]],
      });
    case "/bytes":
      return new Response(new Uint8Array([0, 255, 128, 10]));
    case "/broken":
      return new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new Uint8Array(10));
            setTimeout(() => controller.error(new Error("broken")), 10);
          },
        }),
      );
    case "/404":
      return new Response("nothing here", { status: 404, statusText: "Not Found" });
  }
  return new Response("unknown", { status: 400 });
}

/** A body of some parts, with pauses between them. */
export function parts(count: number, bytes: number, pauseMs: number): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent++ === count) return controller.close();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      controller.enqueue(new Uint8Array(bytes));
    },
  });
}
