/** What JSR and npm serve of Capsule, on loopback. */
import { packages } from "../node/support.ts";
import { ROOT } from "../support/support.ts";

interface Manifest {
  imports: Record<string, string>;
  publish: { include: string[] };
  version: string;
}

/** A server that runs as long as the process does. */
export interface Web {
  /** The address that it is reached at, without a path. */
  origin: string;
  /** The paths that were asked for. */
  asked: string[];
}

/** Serves the sources that would be published, and the packages that npm would have. */
export async function serveCapsule(): Promise<Web> {
  const manifest: Manifest = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  const tarballs = await packages();
  const asked: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { origin, pathname } = new URL(request.url);
    asked.push(decodeURIComponent(pathname));
    const [, site, ...rest] = decodeURIComponent(pathname).split("/");
    const path = rest.join("/");
    switch (site) {
      case "sdk":
        return isPublished(manifest, path) ? source(manifest, path) : notFound();
      case "cli":
        return script(
          Deno.readTextFileSync(`${ROOT}packages/cli/${path}`)
            .replace(`"@capsule/sdk/cli"`, `"${origin}/sdk/cli.ts"`),
        );
      case "npm":
        return await metadata(path, tarballs, `${origin}/tarballs`);
      case "tarballs":
        return new Response(Deno.readFileSync(tarballs.find((one) => one.endsWith(path))!));
    }
    return notFound();
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    asked,
  };
}

function isPublished({ publish }: Manifest, path: string): boolean {
  return publish.include.some((entry) =>
    entry.endsWith("/")
      ? path.startsWith(entry)
      : entry.endsWith("/*.ts")
      ? path.slice(0, path.lastIndexOf("/")) === entry.slice(0, -"/*.ts".length)
      : path === entry
  );
}

/** A source as JSR serves it: what the import map names, by its whole name. */
function source({ imports }: Manifest, path: string): Response {
  const text = Deno.readTextFileSync(ROOT + path).replaceAll(
    /(^import |^(?:import|export|\}) (?:.* )?from |^.* import\()"([^"./][^"]*)"/gm,
    (whole, before, name) => name in imports ? `${before}"${imports[name]}"` : whole,
  );
  return script(text);
}

/** What npm's registry tells of a package. */
async function metadata(name: string, tarballs: string[], address: string): Promise<Response> {
  const file = tarballs.find((path) => path.includes(`/${name.slice(1).replace("/", "-")}-`));
  if (file === undefined) return notFound();
  const bytes = Deno.readFileSync(file);
  const folder = file.slice(0, file.lastIndexOf("/"));
  const manifest = JSON.parse(
    Deno.readTextFileSync(`${folder}/${name.split("/")[1]}/package.json`),
  );
  const { version } = manifest;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes));
  const dist = {
    tarball: `${address}/${file.slice(folder.length + 1)}`,
    integrity: `sha512-${digest.toBase64()}`,
  };
  return Response.json({
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, dist } },
  });
}

function script(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/typescript" } });
}

function notFound(): Response {
  return new Response("there is none", { status: 404 });
}
